"""The API gateway: the one workload that the internet reaches."""
