"""When a supervisor restarts a child: policies, backoff and intensity."""
