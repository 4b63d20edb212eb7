import CVector
import CVector
import Tensors

/// A map together with its mean over pixels, which whoever writes the map takes in the same pass over memory.
public struct PooledMap: Sendable {
  /// Blocked, `[rows, C, H, W]`.
  public let map: Tensor
  /// `[rows, C]`.
  public let means: Tensor

  public init(map: Tensor, means: Tensor) {
    self.map = map
    self.means = means
  }

  /// Takes the means of `map`.
  init(_ map: Tensor, in pass: Pass) throws {
    self.map = map
    means = Tensor(rows: map.rows, columns: map.channels)
    try pass.forEachView(lastFirst: true) { [means] _, _, rows in
      let first = rows.lowerBound
      vector_means(map.geometry(rows: rows.count), map.row(first), Int32(map.channels), means.row(first))
    }
  }
}

/// The gradient of a `PooledMap` in the parts that arrive; the layer that uses it adds them up in its own pass
/// over memory.
public struct MapGradient: Sendable {
  /// At most two. The layer that uses the gradient overwrites the first one.
  public let maps: [Tensor]
  /// ∂L/∂means, `[rows, C]`.
  public let means: Tensor?

  public init(_ maps: Tensor..., means: Tensor? = nil) {
    precondition(maps.count <= 2)
    self.maps = maps
    self.means = means
  }

  /// The parts of a row and those that follow it, for a kernel.
  func row(_ index: Int) -> vector_gradient {
    let parts = maps.map { UnsafePointer($0.row(index)) }
    return vector_gradient(
      maps: (parts.first, parts.dropFirst().first), means: means.map { UnsafePointer($0.row(index)) },
      channels: Int32(means?.channels ?? 0))
  }
}

extension Tensor {
  /// Adds the gradient of this map's means over pixels to that of the map, which this is:
  /// ∂L/∂x[p] += ∂L/∂mean / pixels.
  ///
  /// - Parameter means: `[rows, channels]`.
  public func addGradient(ofMeans means: Tensor, in pass: Pass) throws {
    try pass.forEachView { _, _, rows in
      vector_add_means(
        geometry(rows: rows.count), means.row(rows.lowerBound), Int32(channels), row(rows.lowerBound))
    }
  }
}
