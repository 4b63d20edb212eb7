import Collectives
import Foundations
import Provenance

/// Features that one host would have to hold, and cannot.
struct FeatureMemoryShortage: Error, CustomStringConvertible {
  let images: Int
  let dimension: Int
  let bytes: Double
  let host: String
  let there: Double

  var description: String {
    "the features of \(images) images, \(dimension) numbers each, need about \(memoryText(bytes)) of memory, and \(host) "
      + "has \(memoryText(there)): use a machine with more, or fewer images"
  }
}

extension Communicator {
  /// Makes sure that rank 0 can hold the features of a data set; every rank calls it.
  ///
  /// - Parameters:
  ///   - dimension: Numbers of an image that are held at one time.
  ///   - isGathered: Whether rank 0 holds all of them beside the ranks' own shares.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public func requireMemory(forFeaturesOf images: Int, dimension: Int, isGathered: Bool) throws {
    let environments = try Environment.gather(self, threads: 1)
    let root = environments[0]
    let ranksThere = environments.count { $0.host == root.host }
    let all = Double(images) * Double(dimension) * Double(MemoryLayout<Float>.size)
    let needed = all * Double(ranksThere) / Double(worldSize) + (isGathered ? all : 0)
    let limits = [root.memory.total, root.memory.limit].compactMap { $0 }
    guard let there = limits.min().map({ Double($0 + (root.memory.swap ?? 0)) }), needed > there else {
      return
    }
    throw AgreedFailure(
      onEveryRank: FeatureMemoryShortage(
        images: images, dimension: dimension, bytes: needed, host: root.host, there: there),
      hostName: hostName)
  }
}
