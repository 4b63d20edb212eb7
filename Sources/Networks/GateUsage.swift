import Layers

/// What gates let through of some images: the sums that their mean cost is made of.
///
/// A mean of products is not the product of means, so where two gates meet in a convolution, their counts are
/// multiplied image by image and the products summed.
public struct GateUsage: Sendable, Equatable {
  /// Each counted once for every turn that was shown.
  public var images: Int
  /// By gate: Σ over images of open channels. Whole numbers unless masks are soft (gradient checks).
  public var open: [Double]
  /// By product of `MACs`: Σ over images of n_first · n_second.
  public var products: [Double]

  /// Of no images.
  public init(_ macs: MACs) {
    images = 0
    open = Array(repeating: 0, count: macs.perOpenChannel.count)
    products = Array(repeating: 0, count: macs.products.count)
  }

  /// Adds one image.
  ///
  /// - Parameter counts: Its open channels, by gate.
  public mutating func add(_ counts: [Double], _ macs: MACs) {
    images += 1
    for (gate, count) in counts.enumerated() { open[gate] += count }
    for (index, product) in macs.products.enumerated() {
      products[index] += counts[product.first] * counts[product.second]
    }
  }

  /// Open channels of a gate as a share of all.
  public func density(of gate: Int, _ macs: MACs) -> Double {
    open[gate] / (Double(images) * Double(macs.channels[gate]))
  }

  /// All sums in one row, as ranks add them up.
  public var row: [Double] { open + products }

  /// - Parameter row: As of `row`, added over `images` images.
  public init(row: ArraySlice<Double>, images: Int, _ macs: MACs) {
    self.images = images
    open = Array(row.prefix(macs.perOpenChannel.count))
    products = Array(row.dropFirst(macs.perOpenChannel.count))
  }
}

extension GateUsage {
  /// What gates let through of each view, over the global batch.
  ///
  /// - Parameters:
  ///   - open: Of each part of the step, by row and gate: open channels.
  ///   - parts: Of `pass`; or that alone.
  public static func byView(
    _ open: [[[Double]]], in parts: [Pass], of pass: Pass, _ macs: MACs
  ) throws -> [GateUsage] {
    var rows: [Double] = []
    for (part, open) in zip(parts, open) {
      for shard in 0..<part.shards {
        for view in 0..<part.views {
          var usage = GateUsage(macs)
          for row in part.rows(ofShard: shard, view: view) { usage.add(open[row], macs) }
          rows += usage.row
        }
      }
    }
    let width = rows.count / pass.shards
    let sums: [Double]
    if pass.softGates {
      sums = try pass.reducer.sum(rows, leaves: pass.shards, width: width)
    } else {
      // Counted as whole numbers, of which no order of addition changes the sum.
      var counts = [Int64](repeating: 0, count: width)
      for (index, number) in rows.enumerated() { counts[index % width] += Int64(number) }
      sums = try pass.reducer.sum(counts).map(Double.init)
    }
    let perView = width / pass.views
    return (0..<pass.views).map { view in
      GateUsage(row: sums[view * perView..<(view + 1) * perView], images: pass.globalRowsOfView, macs)
    }
  }
}

extension [GateRecord] {
  /// By row and gate: open channels, or Σ mask where masks are soft.
  public var openByRow: [[Double]] {
    byRow(map(\.maskSums))
  }

  /// By row and gate: channels that are open without noise.
  public var decidedByRow: [[Double]] {
    byRow(map { $0.decidedCounts.map(Double.init) })
  }

  private func byRow(_ counts: [[Double]]) -> [[Double]] {
    (0..<(first?.mask.rows ?? 0)).map { row in counts.map { $0[row] } }
  }
}
