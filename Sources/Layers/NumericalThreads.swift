import COpenBLAS
import Tensors

extension WorkerPool {
  /// A pool whose threads each call the libraries of convolutions and matrix products single-threaded, so that
  /// results do not depend on how many there are.
  public static func forKernels(threads: Int) -> WorkerPool {
    openblas_use_one_thread()
    return WorkerPool(threads: threads) {
      for backend in ConvolutionBackends.linked.all { backend.prepareThread() }
    }
  }
}
