"""Who runs next and when: the run queue, timers, worker threads."""
