import Layers
import Networks

/// Channels that gates open on few images or on none. Closed for good, they are always 0, and `Compaction` leaves them out.
public struct RareChannels: Sendable, Equatable {
  /// By gate, in order; never all that a gate could lose.
  public let channels: [[Int]]

  /// - Parameters:
  ///   - candidates: By gate: channels that can go (`Compaction.gateChannels`). One of them stays where all are rare: the one
  ///     that is open most often, of equal ones the first.
  ///   - openImages: By gate and channel: on how many images it was open.
  ///   - images: How many were looked at, at least one.
  ///   - share: Of the images: a channel is rare that is open on less than that, or on none.
  public init(among candidates: [[Int]], openImages: [[Int]], of images: Int, below share: Double) {
    channels = zip(candidates, openImages).map { candidates, open in
      // Both sides are rounded once: a channel that is open on 7 of 100 images is not below 0.07.
      let rare = candidates.filter { open[$0] == 0 || Double(open[$0]) / Double(images) < share }
      guard rare.count == candidates.count else { return rare }
      let last = candidates.max { (open[$0], $1) < (open[$1], $0) }
      return rare.filter { $0 != last }
    }
  }

  /// How many there are.
  public var count: Int { channels.reduce(0) { $0 + $1.count } }

  /// Makes them zeros on every image, whatever gates decide: without filter, scale and shift nothing is left for a mask
  /// to let through.
  public func close(in backbone: any Backbone) {
    let parameters = Dictionary(uniqueKeysWithValues: backbone.parameters.map { ($0.name, $0) })
    for group in ChannelGroup.groups(of: backbone.blueprint) {
      guard let gate = group.gate else { continue }
      for name in [group.maker, "\(group.batchNorm).weight", "\(group.batchNorm).bias"] {
        let parameter = parameters[name]!
        let size = parameter.count / group.channels
        var numbers = parameter.array
        for index in channels[gate].flatMap({ $0 * size..<($0 + 1) * size }) { numbers[index] = 0 }
        parameter.array = numbers
      }
    }
  }
}
