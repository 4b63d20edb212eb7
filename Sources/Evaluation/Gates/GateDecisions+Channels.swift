import Collectives

// What masks say of single channels; they have to be kept.
extension GateDecisions {
  /// By gate and channel: on how many of all ranks' images it was open. Every rank calls it and gets the same.
  ///
  /// - Throws: `CollectiveError`.
  public func openImages(on communicator: Communicator) throws -> [[Int]] {
    let own = ChannelCounts(self, labels: nil, classCount: 0)
    let all = ChannelCounts(row: try communicator.sum(own.row), channels: channels, classCount: 0)
    return channels.indices.map(all.open)
  }

  /// How many of all ranks' images opened at least one of some channels. Every rank calls it and gets the same.
  ///
  /// - Parameter chosen: By gate.
  /// - Throws: `CollectiveError`.
  public func images(opening chosen: [[Int]], on communicator: Communicator) throws -> Int {
    var words = [UInt64](repeating: 0, count: wordsPerImage)
    for (gate, chosen) in chosen.enumerated() {
      let first = self.words(ofGate: gate).lowerBound
      for channel in chosen { words[first + channel / 64] |= 1 << UInt64(channel % 64) }
    }
    let own = (0..<images).count { image in
      words.indices.contains { words[$0] & masks[image * words.count + $0] != 0 }
    }
    return try Int(communicator.sum([Int64(own)])[0])
  }
}
