"""What goes over HTTP between the gateway and the services: each side imports it from here."""
