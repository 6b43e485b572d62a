"""Drive sensors without ROS: an inertial chip on an I2C bus, cameras and videos."""
