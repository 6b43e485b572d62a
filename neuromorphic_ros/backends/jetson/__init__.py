"""NVIDIA Jetson, or any computer: the streaming engine on the CPU, and torch on CUDA."""
