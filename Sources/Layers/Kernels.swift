import CVector
import Tensors

// What lends tensors to the C kernels. Pointers live no longer than the call they are made for.
extension Tensor {
  /// The geometry of `images` of this tensor's images, for a kernel.
  package func map(_ images: Int) -> vector_map {
    vector_map(images: Int32(images), blocks: Int32(blocks), pixels: Int32(pixels), lanes: Int32(lanes))
  }

  /// Where row `index` begins.
  package func row(_ index: Int) -> UnsafeMutablePointer<Float> { pointer + index * imageStride }
}
