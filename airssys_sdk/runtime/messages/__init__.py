"""What is sent: envelopes, mailboxes, unfinished answers, open requests."""
