"""What is behind the people of a clip: the motion of the camera, and the scene without them."""
