"""Components as actors: their spec, their calls, what they import, who else runs."""
