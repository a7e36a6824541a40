"""`plan`: what a repository deploys, evaluated offline; its views and its comparison."""
