import COneDNN
import COpenBLAS
import Tensors

extension WorkerPool {
  /// A pool whose threads may call oneDNN and OpenBLAS: each keeps to one thread there, since the pool's own
  /// threads share out the work, and results must not depend on how many there are.
  public static func forKernels(threads: Int) -> WorkerPool {
    openblas_use_one_thread()
    return WorkerPool(threads: threads) { onednn_use_one_thread() }
  }
}
