import Collectives
import Networks

/// Multiply-adds that a gated network spent on images, one by one.
public struct MeasuredMACs: Sendable, Equatable {
  /// Over images.
  public struct Spread: Sendable, Equatable {
    public let mean: Double
    /// The 5th and the 95th percentile, interpolated.
    public let low: Double
    public let high: Double

    /// - Parameter values: At least one.
    init(_ values: [Double]) {
      let sorted = values.sorted()
      func percentile(_ share: Double) -> Double {
        let place = share * Double(sorted.count - 1)
        let below = Int(place)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (place - Double(below)) * (sorted[above] - sorted[below])
      }
      mean = values.reduce(0, +) / Double(values.count)
      (low, high) = (percentile(0.05), percentile(0.95))
    }
  }

  public struct Block: Sendable, Equatable {
    public let name: String
    /// Of its convolutions with all channels.
    public let dense: Int64
    /// Of its gates themselves.
    public let gates: Int64
    /// Of its convolutions and gates.
    public let spent: Spread
  }

  public let images: Int
  public let dense: Int64
  /// Of all gates themselves.
  public let gates: Int64
  /// Of the whole network.
  public let spent: Spread
  public let blocks: [Block]
  /// Of the whole network, by image of the data set.
  public let byImage: [Int64]

  /// Every rank calls it.
  ///
  /// - Returns: nil on other ranks than 0.
  /// - Throws: `CollectiveError`.
  public static func make(
    _ extraction: Extraction, _ macs: MACs, on communicator: Communicator
  ) throws -> MeasuredMACs? {
    try extraction.gates.gatheredCounts(on: communicator).map {
      MeasuredMACs($0, images: extraction.images, macs)
    }
  }

  /// - Parameter decisions: On all images; of a network without gates on none.
  init(_ decisions: GateDecisions, images: Int, _ macs: MACs) {
    self.images = images
    dense = macs.dense
    gates = macs.gates
    let open = (0..<images).map { macs.channels.isEmpty ? [] : decisions.open(ofImage: $0) }
    byImage = open.map { macs.gated(open: $0) }
    spent = Spread(byImage.map(Double.init))
    blocks = macs.blocks.indices.map { number in
      let block = macs.blocks[number]
      return Block(
        name: block.name, dense: block.dense, gates: block.gateMACs,
        spent: Spread(open.map { Double(macs.gated(block: number, open: $0)) }))
    }
  }
}
