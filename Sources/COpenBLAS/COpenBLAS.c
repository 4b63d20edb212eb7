#include "COpenBLAS.h"

#include <cblas.h>
#include <stdlib.h>
#include <sys/mman.h>

// Where OpenBLAS finds room for a product's packed matrices. Not in cblas.h, and weak, as a library may not show them.
extern void *blas_memory_alloc(int) __attribute__((weak));
extern void blas_memory_free(void *) __attribute__((weak));

// LAPACK in OpenBLAS, by its Fortran name: Debian's cblas.h does not declare it. The last two are the lengths of
// the two letters.
void dsyev_(const char *job, const char *part, const int *n, double *a, const int *lda, double *eigenvalues,
            double *work, const int *work_size, int *info, size_t, size_t);

void openblas_use_one_thread(void) { openblas_set_num_threads(1); }

int openblas_make_buffers(int count) {
  void *buffers[OPENBLAS_MAX_BUFFERS];
  int made = 0;
  if (count > OPENBLAS_MAX_BUFFERS) count = OPENBLAS_MAX_BUFFERS;
  for (; made < count; made++) {
    // It does not say that it got no memory: it asks again, for ever.
    void *trial =
        mmap(NULL, OPENBLAS_BUFFER_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (trial == MAP_FAILED) break;
    munmap(trial, OPENBLAS_BUFFER_BYTES);
    if (blas_memory_alloc && blas_memory_free) buffers[made] = blas_memory_alloc(0);
  }
  if (blas_memory_alloc && blas_memory_free)
    for (int i = 0; i < made; i++) blas_memory_free(buffers[i]);
  return made == count;
}

const char *openblas_configuration(void) { return openblas_get_config(); }

const char *openblas_core(void) { return openblas_get_corename(); }

static CBLAS_TRANSPOSE flag(int transpose) { return transpose ? CblasTrans : CblasNoTrans; }

void openblas_sgemm(int transpose_a, int transpose_b, int m, int n, int k, float alpha, const float *a, int lda,
                    const float *b, int ldb, float beta, float *c, int ldc) {
  cblas_sgemm(CblasRowMajor, flag(transpose_a), flag(transpose_b), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void openblas_dgemm(int transpose_a, int transpose_b, int m, int n, int k, double alpha, const double *a, int lda,
                    const double *b, int ldb, double beta, double *c, int ldc) {
  cblas_dgemm(CblasRowMajor, flag(transpose_a), flag(transpose_b), m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

int openblas_dsyev(int n, double *a, double *eigenvalues) {
  int info = 0, query = -1;
  double best = 0;
  dsyev_("N", "U", &n, a, &n, eigenvalues, &best, &query, &info, 1, 1);
  if (info != 0) return info;
  const int size = (int)best;
  double *work = malloc(sizeof *work * (size_t)size);
  if (work == NULL) return OPENBLAS_OUT_OF_MEMORY;
  dsyev_("N", "U", &n, a, &n, eigenvalues, work, &size, &info, 1, 1);
  free(work);
  return info;
}
