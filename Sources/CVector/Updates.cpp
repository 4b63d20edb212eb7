#include "CVector.h"
#include "Lanes.h"

// An optimizer's step for one parameter.

CLONES void vector_sgd(size_t count, float *w, const float *gradient, float *velocity, float learning_rate,
                       float momentum, float weight_decay) {
  for (size_t i = 0; i < count; i++) {
    velocity[i] = momentum * velocity[i] + (gradient[i] + weight_decay * w[i]);
    w[i] -= learning_rate * velocity[i];
  }
}

CLONES void vector_lars(size_t count, float *w, const float *gradient, float *velocity, float scale,
                        float learning_rate, float momentum, float weight_decay) {
  for (size_t i = 0; i < count; i++) {
    velocity[i] = momentum * velocity[i] + scale * (gradient[i] + weight_decay * w[i]);
    w[i] -= learning_rate * velocity[i];
  }
}

CLONES void vector_keep(size_t count, const uint64_t *mask, float *x) {
  for (size_t i = 0; i < count; i++) x[i] = (mask[i / 64] >> (i % 64)) & 1 ? x[i] : 0.0f;
}
