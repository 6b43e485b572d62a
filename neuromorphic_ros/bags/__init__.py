"""Read and write recordings without ROS: rosbag2, ROS 1 bags, CARMEN logs and videos."""
