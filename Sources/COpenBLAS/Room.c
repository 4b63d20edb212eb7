// Ends a process where its libraries lack addresses to begin with. They would end it without a word; OpenBLAS 0.3.29,
// which takes a buffer when it is loaded, would ask for it for ever.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "COpenBLAS.h"

enum {
  // For what libraries and the language's runtime take beside OpenBLAS's buffer.
  RESERVE_BYTES = 64 << 20,
  // For MPI, where there are several ranks.
  MESSAGING_BYTES = 64 << 20,
};

static int has_room(size_t bytes) {
  void *trial = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return trial != MAP_FAILED && munmap(trial, bytes) == 0;
}

// The bytes of addresses that this process has taken.
static size_t taken(void) {
  char text[32] = "";
  const int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
  if (file < 0) return 0;
  const ssize_t length = read(file, text, sizeof text - 1);
  close(file);
  return length > 0 ? strtoull(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE) : 0;
}

// This process's number among those that a launcher started on this host; NULL: there is no launcher.
static const char *local_rank(char **variables) {
  static const char *const names[] = {"OMPI_COMM_WORLD_LOCAL_RANK=", "MPI_LOCALRANKID=", "SLURM_LOCALID="};
  for (size_t n = 0; n < sizeof names / sizeof *names; n++)
    for (int i = 0; variables[i] != NULL; i++)
      if (strncmp(variables[i], names[n], strlen(names[n])) == 0) return variables[i] + strlen(names[n]);
  return NULL;
}

static void require_room(int argc, char **argv, char **variables) {
  (void)argc, (void)argv;
  const char *rank = local_rank(variables);
  const size_t needed = OPENBLAS_BUFFER_BYTES + RESERVE_BYTES + (rank != NULL ? MESSAGING_BYTES : 0);
  if (has_room(needed)) return;
  if (rank == NULL || strcmp(rank, "0") == 0)
    dprintf(STDERR_FILENO,
            "sluice: the program alone needs %.0f MB of addresses, and may not have them: raise the limit "
            "(ulimit -v or -d; h_vmem or vmem in batch systems)\n",
            (double)(taken() + needed) / 1e6);
  // A launcher ends the job at the first that fails, perhaps before the other has spoken or been heard.
  if (rank != NULL) sleep(1);
  _exit(1);
}

// Called by the loader before any library's own beginning.
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) = require_room;
