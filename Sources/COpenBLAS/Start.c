// What a process has to be begun again for, because OpenBLAS takes it from variables that are there when it is loaded.
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/resource.h>
#include <unistd.h>

#include "COpenBLAS.h"

enum { MOST_CHANGES = 2 };

static int is_same_name(const char *a, const char *b) {
  const size_t length = strcspn(b, "=");
  return strncmp(a, b, length) == 0 && a[length] == '=';
}

// Begins the process again, with the same number, arguments and variables but for these. Returns only where that is
// impossible.
static void begin_again(char **arguments, char **variables, char *const changes[], int change_count) {
  int count = 0;
  while (variables[count] != NULL) count++;
  char *changed[count + MOST_CHANGES + 1];
  int kept = 0;
  for (int i = 0; i < count; i++) {
    int is_replaced = 0;
    for (int c = 0; c < change_count; c++) is_replaced |= is_same_name(variables[i], changes[c]);
    if (!is_replaced) changed[kept++] = variables[i];
  }
  for (int c = 0; c < change_count; c++) changed[kept++] = changes[c];
  changed[kept] = NULL;
  char program[PATH_MAX];
  const ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
  if (length <= 0) return;
  program[length] = '\0';
  execve(program, arguments, changed);
}

static int is_limited(int resource) {
  struct rlimit limit;
  return getrlimit(resource, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
}

// When it is loaded, OpenBLAS starts a thread for every core, each with 128 MiB of addresses; nobody here uses them.
// Where addresses are limited they may be all there are: then it asks for more for ever. Only a variable keeps it from
// that.
//
// The other variable is glibc's: without it, every thread that allocates takes 64 MiB of addresses.
static void begin_again_where_addresses_are_limited(int argc, char **argv, char **variables) {
  (void)argc;
  static char one_thread[] = "OPENBLAS_NUM_THREADS=1", one_arena[] = "MALLOC_ARENA_MAX=1";
  if (!is_limited(RLIMIT_AS) && !is_limited(RLIMIT_DATA)) return;
  int has_arenas = 0;
  for (int i = 0; variables[i] != NULL; i++) {
    if (strcmp(variables[i], one_thread) == 0) return;
    if (is_same_name(variables[i], one_arena)) has_arenas = 1;
  }
  char *const changes[] = {one_thread, one_arena};
  begin_again(argv, variables, changes, has_arenas ? 1 : 2);
}

// Called by the loader before any library's own beginning.
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **, char **) =
    begin_again_where_addresses_are_limited;

int openblas_is_old_core(const char *core) {
  static const char *const old[] = {"prescott", "core2", "penryn", "dunnington", "nehalem", "generic", "unknown"};
  for (size_t i = 0; i < sizeof old / sizeof *old; i++)
    if (strcasecmp(core, old[i]) == 0) return 1;
  return 0;
}

// A processor that is newer than the library, which knows it by its number, gets the kernels of the oldest one: 0.3.21
// takes SSE3 on a Xeon of 2023, a fifth of the speed. What the processor can do says more.
__attribute__((constructor)) static void begin_again_with_kernels_that_fit(int argc, char **argv, char **variables) {
  (void)argc;
  static char avx2[] = "OPENBLAS_CORETYPE=Haswell", avx512[] = "OPENBLAS_CORETYPE=SkylakeX";
  if (getenv("OPENBLAS_CORETYPE") != NULL || !openblas_is_old_core(openblas_core())) return;
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return;
  const int has_avx512 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
                         __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl");
  char *const changes[] = {has_avx512 ? avx512 : avx2};
  begin_again(argv, variables, changes, 1);
}
