import COneDNN
import COpenBLAS
import Tensors

extension WorkerPool {
  /// A pool whose threads each call oneDNN and OpenBLAS single-threaded, so that results do not depend on how
  /// many there are.
  public static func forKernels(threads: Int) -> WorkerPool {
    openblas_use_one_thread()
    return WorkerPool(threads: threads) { onednn_use_one_thread() }
  }
}
