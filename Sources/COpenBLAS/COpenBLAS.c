#include "COpenBLAS.h"

#include <cblas.h>

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
