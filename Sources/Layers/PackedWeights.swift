import Tensors

/// Weights in the layouts of kernels, kept from one pass to the next: in an evaluation they don't change, and for a few
/// images packing them would take longer than all the rest. For passes one after the other.
public final class PackedWeights {
  private struct Entry {
    let kernel: any ConvolutionKernel
    let count: Int
    let storage: Storage
  }
  private var entries: [ObjectIdentifier: Entry] = [:]

  public init() {}

  /// - Parameters:
  ///   - kernel: Whose layout it is; that of the last one is kept.
  ///   - count: Tells its layouts apart.
  func packed(
    _ parameter: Parameter, for kernel: any ConvolutionKernel, count: Int,
    _ pack: (UnsafeMutablePointer<Float>) throws -> Void
  ) rethrows -> Storage {
    let key = ObjectIdentifier(parameter)
    if let entry = entries[key], entry.kernel === kernel, entry.count == count { return entry.storage }
    entries[key] = nil
    let storage = BufferPool.shared.take(count: count)
    try pack(storage.pointer)
    entries[key] = Entry(kernel: kernel, count: count, storage: storage)
    return storage
  }
}

extension Pass {
  /// `count` floats of a parameter's weights in a kernel's layout, which `pack` writes unless they are kept.
  func packed(
    _ parameter: Parameter, for kernel: any ConvolutionKernel, count: Int,
    _ pack: (UnsafeMutablePointer<Float>) throws -> Void
  ) rethrows -> Storage {
    if let kept = surroundings.packedWeights {
      return try kept.packed(parameter, for: kernel, count: count, pack)
    }
    let storage = BufferPool.working.take(count: count)
    try pack(storage.pointer)
    return storage
  }
}
