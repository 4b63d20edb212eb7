#include "CSignals.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

// When the first request came, in nanoseconds; 0: none has.
static atomic_llong first_request;
_Static_assert(ATOMIC_LLONG_LOCK_FREE == 2, "a handler may only touch what is free of locks");

static const long long same_request = 1000000000;

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
  const int numbers[] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2};
  struct sigaction action, before;
  memset(&action, 0, sizeof action);
  action.sa_handler = note;
  action.sa_flags = SA_RESTART;
  sigset_t caught;
  sigemptyset(&caught);
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (sigaction(numbers[i], NULL, &before) != 0) return errno;
    // A shell lets what it starts in the background ignore the terminal's SIGINT; nohup does it with SIGHUP.
    if (before.sa_handler == SIG_IGN) continue;
    if (sigaction(numbers[i], &action, NULL) != 0) return errno;
    sigaddset(&caught, numbers[i]);
  }
  // Whoever started this process may have blocked them for threads of its own.
  return pthread_sigmask(SIG_UNBLOCK, &caught, NULL);
}

int signals_stop_requested(void) { return atomic_load(&first_request) != 0; }
