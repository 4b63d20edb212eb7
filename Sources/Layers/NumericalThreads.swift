import COpenBLAS
import Foundations
import Machine
import Tensors

extension WorkerPool {
  /// A pool whose threads each call the libraries of convolutions and matrix products single-threaded, so that
  /// results do not depend on how many there are.
  ///
  /// Where addresses are limited, that these threads do not fit is the end of the job (`Emergency`);
  /// `requireRoom(forKernelsOn:)` throws it before.
  public static func forKernels(threads: Int) -> WorkerPool {
    openblas_use_one_thread()
    let space = AddressSpace()
    let hasRoom = space?.holds(threads * bytesOfAThread) ?? true
    if !hasRoom || openblas_make_buffers(Int32(clamping: threads)) == 0 {
      Emergency.end("\(NoRoomForThreads(threads: threads, space: space))")
    }
    return WorkerPool(threads: threads) {
      for backend in ConvolutionBackends.linked.all { backend.prepareThread() }
    }
  }

  /// Whether the process may have the addresses for so many threads.
  ///
  /// - Throws: `NoRoomForThreads`.
  public static func requireRoom(forKernelsOn threads: Int, _ space: AddressSpace? = AddressSpace()) throws {
    guard let space, !space.holds(threads * bytesOfAThread) else { return }
    throw NoRoomForThreads(threads: threads, space: space)
  }

  /// The addresses that a thread takes before its first convolution.
  fileprivate static let bytesOfAThread = OPENBLAS_BUFFER_BYTES + stackBytes
}

/// Threads that a limited address space does not hold.
public struct NoRoomForThreads: Error, Equatable, CustomStringConvertible {
  let threads: Int
  let space: AddressSpace?

  public var description: String {
    let needed = threads * WorkerPool.bytesOfAThread
    let cure = threads > 1 ? "raise the limit, or use fewer threads (--set threads=1)" : "raise the limit"
    guard let space else {
      return
        "the system has no \(memoryText(Double(needed))) of addresses for \(counted(threads, "thread")): "
        + "ask for more memory" + (threads > 1 ? ", or use fewer threads (--set threads=1)" : "")
    }
    return "\(space.words); this needs at least \(memoryText(Double(space.least(with: needed)))) with "
      + "\(counted(threads, "thread")): \(cure)"
  }
}
