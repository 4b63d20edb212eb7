import CVector
import Tensors

// What lends tensors to C functions. Pointers live no longer than the call they are made for.
extension Tensor {
  /// The geometry of some of this tensor's rows, for a C function.
  package func geometry(rows: Int) -> vector_map {
    vector_map(images: Int32(rows), blocks: Int32(blocks), pixels: Int32(pixels), lanes: Int32(lanes))
  }

  /// Where row `index` begins.
  package func row(_ index: Int) -> UnsafeMutablePointer<Float> {
    assert((0...rows).contains(index), "row \(index) of \(rows)")
    return pointer + index * rowStride
  }
}
