#pragma once

// Signals that ask a process to stop. Only C can write a handler that is sure to do nothing but what a handler
// may do, on whatever thread the system picks. Linking it is enough for keeping libraries from changing, when they are
// loaded, what these signals do; and for holding back SIGUSR1 and SIGUSR2, which launchers pass on to all ranks at once,
// from the first moment until one of the first two functions is called. mpirun of Open MPI 4.1 waits for ever where ranks
// end while they connect to it.

// From now on the first SIGTERM, SIGINT, SIGHUP, SIGUSR1 or SIGUSR2 is noted instead of ending the process, which it
// no longer interrupts. Another one ends it at once if it comes a second or more later: sooner it is the same request,
// which `timeout`, a terminal or a launcher has sent twice, to the process and to its group. What this process was
// started to ignore it goes on to ignore.
// Returns 0, or the system's error number.
int signals_catch_stop(void);

// Ends the hold of SIGUSR1 and SIGUSR2: one that has come, or comes, does what this process was started with.
void signals_end_hold(void);

// Whether one has come.
int signals_stop_requested(void);

// Ends this process so many seconds from now, whatever its threads are stuck in, unless it has ended before.
void signals_end_within(unsigned seconds);

// From now on a fault of this process (SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP) writes one line to standard error
// that begins with `who`, and ends it. Swift's own handler would first look for names in the whole program, for minutes, in
// which the other ranks wait; MPI's would print addresses. Nothing is changed where SWIFT_BACKTRACE asks for Swift's.
void signals_tell_faults(const char *who);
