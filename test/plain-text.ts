/**
 * Owns that tests, and the processes they start, write without colours: what a test reads is the same on a terminal, in
 * a pipe and where colours are forced, as many a CI does. Both at once would make Node warn about the one that loses.
 */
delete process.env.FORCE_COLOR;
process.env.NO_COLOR = '1';
