#define _GNU_SOURCE  // sigabbrev_np
#include "CSignals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

// When the first request came, in nanoseconds; 0: none has.
static atomic_llong first_request;
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a handler may only touch what is free of locks");

static const long long same_request = 1000000000;

static const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
enum { NUMBERS = sizeof numbers / sizeof *numbers };

// What this process was started with. A library may change it when it is loaded: UCX takes SIGHUP, which turns its
// traces on then.
static struct sigaction given[NUMBERS];

static void change_mask(int how) {
  sigset_t forwarded;
  sigemptyset(&forwarded);
  sigaddset(&forwarded, SIGUSR1);
  sigaddset(&forwarded, SIGUSR2);
  pthread_sigmask(how, &forwarded, NULL);
}

static void begin(void) {
  for (int i = 0; i < NUMBERS; i++) sigaction(numbers[i], NULL, &given[i]);
  change_mask(SIG_BLOCK);
}

// Called by the loader before any library's own beginning.
__attribute__((section(".preinit_array"), used)) static void (*const at_first)(void) = begin;

// First after them: OpenBLAS may have the process begun again, which takes what it finds.
__attribute__((constructor(101))) static void put_back(void) {
  for (int i = 0; i < NUMBERS; i++) sigaction(numbers[i], &given[i], NULL);
}

static void note(int signal_number) {
  const int error = errno;
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  const long long time = now.tv_sec * 1000000000LL + now.tv_nsec;
  long long first = 0;
  if (!atomic_compare_exchange_strong(&first_request, &first, time) && time - first >= same_request) {
    // Delivered when this handler returns.
    signal(signal_number, SIG_DFL);
    raise(signal_number);
  }
  errno = error;
}

int signals_catch_stop(void) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  sigset_t caught;
  sigemptyset(&caught);
  for (int i = 0; i < NUMBERS; i++) {
    // A shell lets what it starts in the background ignore the terminal's SIGINT; nohup does it with SIGHUP.
    const int is_ignored = given[i].sa_handler == SIG_IGN;
    if (sigaction(numbers[i], is_ignored ? &given[i] : &action, NULL) != 0) return errno;
    if (!is_ignored) sigaddset(&caught, numbers[i]);
  }
  // Whoever started this process may have blocked them for threads of its own.
  return pthread_sigmask(SIG_UNBLOCK, &caught, NULL);
}

void signals_end_hold(void) { change_mask(SIG_UNBLOCK); }

int signals_stop_requested(void) { return atomic_load(&first_request) != 0; }

void signals_end_within(unsigned seconds) {
  sigset_t alarms;
  sigemptyset(&alarms);
  sigaddset(&alarms, SIGALRM);
  signal(SIGALRM, SIG_DFL);
  pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
  alarm(seconds);
}

static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGTRAP};
enum { FAULTS = sizeof faults / sizeof *faults };
// A handler can only write what is ready.
static char fault_lines[FAULTS][512];

static void tell_fault(int signal_number) {
  for (int i = 0; i < FAULTS; i++) {
    if (faults[i] != signal_number) continue;
    const ssize_t written = write(STDERR_FILENO, fault_lines[i], strlen(fault_lines[i]));
    (void)written;
  }
  // Delivered when this handler returns.
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void signals_tell_faults(const char *who) {
  if (getenv("SWIFT_BACKTRACE") != NULL) return;
  for (int i = 0; i < FAULTS; i++) {
    snprintf(fault_lines[i], sizeof fault_lines[i],
             "%s: signal %d (SIG%s) ended this process, which is a fault of Sluice or of a library that it uses; "
             "SWIFT_BACKTRACE=enable=yes shows where\n",
             who, faults[i], sigabbrev_np(faults[i]));
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = tell_fault;
    sigaction(faults[i], &action, NULL);
  }
}
