// What must happen before OpenBLAS is loaded, and so before main.
#include <limits.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int is_limited(int resource) {
  struct rlimit limit;
  return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

static int names(const char *variable, const char *name) {
  const size_t length = strlen(name);
  return strncmp(variable, name, length) == 0 && variable[length] == '=';
}

// When it is loaded, OpenBLAS starts a thread for every core, each with 128 MiB of addresses; nobody here uses them.
// Where addresses are limited they may be all there are: then it asks for more for ever. Only a variable keeps it from
// that, and only one that was there when the process began. So the process begins again, with the same number.
//
// The other variable is glibc's: without it, every thread that allocates takes 64 MiB of addresses.
static void begin_again_where_addresses_are_limited(int argc, char **argv, char **variables) {
  (void)argc;
  static char one_thread[] = "OPENBLAS_NUM_THREADS=1", one_arena[] = "MALLOC_ARENA_MAX=1";
  if (!is_limited(RLIMIT_AS) && !is_limited(RLIMIT_DATA)) return;
  int count = 0, has_arenas = 0;
  for (; variables[count] != NULL; count++) {
    if (strcmp(variables[count], one_thread) == 0) return;
    if (names(variables[count], "MALLOC_ARENA_MAX")) has_arenas = 1;
  }
  char *changed[count + 3];
  int kept = 0;
  for (int i = 0; i < count; i++)
    if (!names(variables[i], "OPENBLAS_NUM_THREADS")) changed[kept++] = variables[i];
  changed[kept++] = one_thread;
  if (!has_arenas) changed[kept++] = one_arena;
  changed[kept] = NULL;
  char program[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return;
  program[length] = '\0';
  execve(program, argv, changed);
}

// Called by the loader before any library's own beginning.
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) =
    begin_again_where_addresses_are_limited;
