import Collectives
import Foundations
import Provenance

/// Features that the host of rank 0 would have to hold, and cannot.
struct FeatureMemoryShortage: Error, Equatable, CustomStringConvertible {
  let images: Int
  let dimension: Int
  let bytes: Double
  let host: String
  let there: Double

  /// nil: there is enough.
  ///
  /// - Parameters:
  ///   - isGathered: Whether rank 0 holds all of them beside the ranks' own shares.
  ///   - environments: In rank order.
  init?(images: Int, dimension: Int, isGathered: Bool, _ environments: [Environment]) {
    let root = environments[0]
    let ranksThere = environments.count { $0.host == root.host }
    let all = Double(images) * Double(dimension) * Double(MemoryLayout<Float>.size)
    bytes = all * Double(ranksThere) / Double(environments.count) + (isGathered ? all : 0)
    let limits = [root.memory.total, root.memory.limit].compactMap { $0 }
    guard let there = limits.min().map({ Double($0 + (root.memory.swap ?? 0)) }), bytes > there else {
      return nil
    }
    self.images = images
    self.dimension = dimension
    self.there = there
    host = root.host
  }

  var description: String {
    "the features of \(images) images, \(dimension) numbers each, need about \(memoryText(bytes)) of memory, "
      + "and \(host) has \(memoryText(there)): use a machine with more, or fewer images"
  }
}

extension Communicator {
  /// Makes sure that features fit into memory before they are extracted; every rank calls it.
  ///
  /// - Parameters:
  ///   - images: Of all ranks.
  ///   - dimension: Numbers of an image that are held at one time.
  ///   - isGathered: Whether rank 0 holds all of them beside the ranks' own shares.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public func requireMemory(forFeaturesOf images: Int, dimension: Int, isGathered: Bool) throws {
    let environments = try Environment.gather(self, threads: 1)
    guard
      let shortage = FeatureMemoryShortage(
        images: images, dimension: dimension, isGathered: isGathered, environments)
    else { return }
    throw AgreedFailure(onEveryRank: shortage, hostName: hostName)
  }
}
