#include "COpenBLAS.h"

#include <cblas.h>
#include <stdlib.h>

// LAPACK in OpenBLAS, by its Fortran name: Debian's cblas.h does not declare it. The last two are the lengths of
// the two letters.
void dsyev_(const char *job, const char *part, const int *n, double *a, const int *lda, double *eigenvalues,
            double *work, const int *work_size, int *info, size_t, size_t);

void openblas_use_one_thread(void) { openblas_set_num_threads(1); }

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
  if (work == NULL) return 1;
  dsyev_("N", "U", &n, a, &n, eigenvalues, work, &size, &info, 1, 1);
  free(work);
  return info;
}
