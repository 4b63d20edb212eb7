import CVector
import Foundation
import Layers
import Tensors

/// The loss of NPID: an image's vector is told apart from noise by what the memory bank holds of each.
///
/// Source: Wu, Xiong, Yu, Lin, "Unsupervised Feature Learning via Non-Parametric Instance Discrimination" (2018),
/// Section 3. Of B images with unit vectors v_b, their own rows f_b of the bank and m rows f_bj drawn as noise,
///
///     L = 1/B Σ_b [ −log h(f_b) − Σ_j log(1 − h(f_bj)) ] + λ/B Σ_b ‖v_b − f_b‖²
///
/// with h(f) = P/(P + m/n), P = exp(v·f/τ)/Z, for a bank of n images. The derivation of the gradient is in
/// docs/derivations.md, "Noise contrast".
struct NoiseContrast {
  /// The smallest τ: n·e^(1/τ), which Z cannot exceed, is then within single precision for any number of images.
  static let smallestTemperature = 0.02

  /// τ.
  let temperature: Double
  /// λ.
  let proximal: Double
  let bank: MemoryBank
  /// The image of each row of the global batch, in rank order.
  let images: [Int]
  /// v of all ranks, in the order of `images`.
  let units: Tensor
  /// The images that a row of the global batch is told apart from, m of them; called on any thread.
  let noise: (_ row: Int) -> [Int]

  /// Z: n times the mean of exp(v·f/τ) over all that is compared. Rounded to single precision, so that a checkpoint
  /// can hold it with the bank.
  ///
  /// - Parameter noiseCount: m.
  func normalizer(noiseCount: Int, in pass: Pass) throws -> Double {
    let sums = try sumOverBank(width: 1, in: pass) { row, f, _, sum in
      sum[0] += exp(similarity(row, f))
    }
    let total = ShardTree.sum(sums, leaves: images.count, width: 1)[0]
    let mean = total / (Double(images.count) * Double(1 + noiseCount))
    return Double(Float(Double(bank.imageCount) * mean))
  }

  /// - Parameters:
  ///   - own: This rank's rows, of which `units` has the units.
  ///   - z: Z, a constant.
  ///   - noiseCount: m.
  /// - Returns: The loss in nats, equal on each rank, and ∂L/∂x of this rank's rows.
  func lossAndGradient(
    _ own: UnitRows, normalizer z: Double, noiseCount: Int, in pass: Pass
  ) throws -> (loss: Double, dx: Tensor) {
    let dimension = units.channels
    // h = 1/(1 + e^−t) with t = v·f/τ − log(Z·m/n): neither h nor 1 − h cancels.
    let threshold = log(z * Double(noiseCount) / Double(bank.imageCount))
    // Of each row: what it adds to the loss, and ∂/∂v.
    let width = 1 + dimension
    let sums = try sumOverBank(width: width, in: pass) { row, f, isOwn, sum in
      let t = similarity(row, f) - threshold
      sum[0] += Self.softplus(isOwn ? -t : t)
      let slope = isOwn ? -1 / (1 + exp(t)) : 1 / (1 + exp(-t))
      vector_add_wide(dimension, slope / temperature, f, sum + 1)
      guard isOwn, proximal > 0 else { return }
      let v = units.row(row)
      for i in 0..<dimension {
        let gap = Double(v[i]) - Double(f[i])
        sum[0] += proximal * gap * gap
        sum[1 + i] += 2 * proximal * gap
      }
    }

    let first = pass.rows * pass.reducer.rank
    let scale = 1 / Double(images.count)
    let loss = try pass.sumOverBatch((0..<pass.rows).map { scale * sums[(first + $0) * width] })
    let dx = own.units.makeSimilar()
    let du = Tensor(rows: 1, columns: dimension)
    for row in 0..<pass.rows {
      let start = (first + row) * width + 1
      for i in 0..<dimension { du.pointer[i] = Float(sums[start + i]) }
      own.backward(row: row, du.pointer, scale: scale, into: dx.row(row))
    }
    return (loss, dx)
  }

  /// v·f/τ.
  private func similarity(_ row: Int, _ f: UnsafePointer<Float>) -> Double {
    vector_dot(units.channels, units.row(row), f) / temperature
  }

  /// log(1 + eˣ).
  private static func softplus(_ x: Double) -> Double { max(x, 0) + log1p(exp(-abs(x))) }

  /// Rows of the batch whose sums are taken at once: so many that threads have enough to do, and so few that the sums
  /// of all parts need little memory.
  private static let rowsAtOnce = 32

  /// The floats that sums of `width` doubles take.
  static func workingFloats(globalRows: Int, width: Int) -> Double {
    2 * Double(width) * (Double(globalRows) + Double(rowsAtOnce * MemoryBank.leastPartCount))
  }

  /// For every row of the global batch `width` sums over the rows of the bank that it is compared with, its image's own
  /// first: `[images.count × width]`, the same on every rank.
  ///
  /// A rank adds up what its part of the bank contributes; see `MemoryBank` for the order.
  ///
  /// - Parameter add: Adds what one row of the bank contributes to the sums of one row of the batch, on any thread.
  private func sumOverBank(
    width: Int, in pass: Pass,
    _ add: (_ row: Int, _ f: UnsafePointer<Float>, _ isOwn: Bool, _ sums: UnsafeMutablePointer<Double>) ->
      Void
  ) throws -> [Double] {
    var all: [Double] = []
    all.reserveCapacity(images.count * width)
    for first in stride(from: 0, to: images.count, by: Self.rowsAtOnce) {
      let rows = first..<min(first + Self.rowsAtOnce, images.count)
      var leaves = [Double](repeating: 0, count: bank.parts.count * rows.count * width)
      try leaves.withUnsafeMutableBufferPointer { leaves in
        nonisolated(unsafe) let base = leaves.baseAddress!  // rows write to disjoint places
        try pass.pool.run(rows.count) { number in
          let row = rows.lowerBound + number
          func meet(_ image: Int, isOwn: Bool) {
            guard let part = bank.ownPart(of: image) else { return }
            add(row, bank.row(of: image), isOwn, base + (part * rows.count + number) * width)
          }
          meet(images[row], isOwn: true)
          for image in noise(row) { meet(image, isOwn: false) }
        }
      }
      all += try pass.reducer.sum(leaves, leaves: bank.parts.count, width: rows.count * width)
    }
    return all
  }
}
