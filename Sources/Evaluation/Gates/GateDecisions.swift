import Collectives
import Layers

/// What the gates of a network did for each of some images.
public struct GateDecisions: Sendable {
  /// Open channels, `[images × gates]`.
  public private(set) var open: [UInt16] = []
  /// Which ones they are, `[images × wordsPerImage]`, a bit a channel, each gate from a new word on; empty unless they
  /// are kept.
  public private(set) var masks: [UInt64] = []
  /// Channels of each gate.
  public let channels: [Int]
  public let keepsMasks: Bool

  /// - Parameter channels: Of each gate, at most 65,535.
  public init(channels: [Int], keepsMasks: Bool = false) {
    self.channels = channels
    self.keepsMasks = keepsMasks
  }

  init(channels: [Int], open: [UInt16], masks: [UInt64]) {
    self.init(channels: channels, keepsMasks: !masks.isEmpty)
    self.open = open
    self.masks = masks
  }

  public var images: Int { channels.isEmpty ? 0 : open.count / channels.count }

  /// 64-bit words of one image's masks.
  public var wordsPerImage: Int { channels.reduce(0) { $0 + Self.words($1) } }

  /// Where a gate's words lie among those of an image.
  func words(ofGate gate: Int) -> Range<Int> {
    let start = channels[..<gate].reduce(0) { $0 + Self.words($1) }
    return start..<start + Self.words(channels[gate])
  }

  private static func words(_ channels: Int) -> Int { (channels + 63) / 64 }

  /// Open channels of image `image`, by gate.
  public func open(ofImage image: Int) -> [Int] {
    open[image * channels.count..<(image + 1) * channels.count].map(Int.init)
  }

  /// How many channels were open on all ranks' images, in rank order, without which; nil on other ranks than 0.
  ///
  /// - Throws: `CollectiveError`.
  func gatheredCounts(on communicator: Communicator) throws -> GateDecisions? {
    try communicator.gather(open, to: 0).map { GateDecisions(channels: channels, open: $0, masks: []) }
  }

  /// Adds the rows of an evaluation pass.
  mutating func append(_ records: [GateRecord]) {
    guard let rows = records.first?.mask.rows else { return }
    precondition(records.map(\.mask.channels) == channels, "the gates of another network")
    let counts = records.map(\.openCounts)
    for row in 0..<rows { open += counts.map { UInt16($0[row]) } }
    guard keepsMasks else { return }
    let bits = records.map { $0.mask.values }
    for row in 0..<rows {
      for (gate, width) in channels.enumerated() {
        for first in stride(from: 0, to: width, by: 64) {
          var word: UInt64 = 0
          for channel in first..<min(first + 64, width) where bits[gate][row * width + channel] > 0 {
            word |= 1 << UInt64(channel - first)
          }
          masks.append(word)
        }
      }
    }
  }
}
