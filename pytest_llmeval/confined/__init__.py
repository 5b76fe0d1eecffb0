"""Work on hostile texts in a process of its own, which is killed when it takes too long."""
