import Collectives
import Datasets
import Foundation
import Networks

/// How a network's gates were used over the images of a data set: which channels, for which classes, and how much one
/// image differs from another.
public struct GateStatistics: Sendable {
  /// Of one gate.
  public struct Gate: Sendable {
    /// For example `layer2.0.gate`.
    public let name: String
    /// Of its block, for example `layer2.0`.
    public let block: String
    /// By channel: on how many images it was open.
    public let open: [Int]
    /// By class and channel; empty where the images have no labels.
    public let openByClass: [[Int]]
    /// Mean over channels of the entropy of open and closed, −p·log₂ p − (1 − p)·log₂(1 − p), in bits: 0 where no channel
    /// depends on the image, 1 where all are open on half of them.
    public let entropy: Double
    /// The part of `entropy` that the class explains, Σ_c share(c)·H(p_c) less than H(p), in bits; nil without labels.
    public let classInformation: Double?
    /// How often two different images have the same mask.
    public let sharedMasks: Double
    public let distinctMasks: Int

    public var channels: Int { open.count }

    /// Channels that were open on no image, on some, on all.
    public func channels(of images: Int) -> (never: Int, sometimes: Int, always: Int) {
      let never = open.count { $0 == 0 }
      let always = open.count { $0 == images }
      return (never, open.count - never - always, always)
    }

    /// Open channels as a share of all.
    public func density(of images: Int) -> Double {
      Double(open.reduce(0, +)) / (Double(images) * Double(channels))
    }
  }

  /// An image for which much or little was computed.
  public struct Extreme: Sendable {
    /// In the data set.
    public let index: Int
    public let name: String
    public let label: Int?
    /// Open channels of all gates.
    public let channels: Int
    public let macsShare: Double
  }

  public let gates: [Gate]
  public let images: Int
  public let classNames: [String]
  /// By class; empty where the images have no labels.
  public let imagesByClass: [Int]
  /// Mean MACs of a class's images as a share of the dense network's; nil for a class without images.
  public let macsShareByClass: [Double?]
  /// The same two for all gates' masks together.
  public let sharedMasks: Double
  public let distinctMasks: Int
  public let macs: MeasuredMACs
  /// The images with the most open channels and with the fewest, the extreme one first; of equal ones the first.
  public let most: [Extreme]
  public let fewest: [Extreme]

  static let extremes = 8

  /// Every rank calls it.
  ///
  /// - Parameter extraction: Of `dataset`, with masks.
  /// - Returns: nil on other ranks than 0, and for a network without gates.
  /// - Throws: `CollectiveError`.
  public static func make(
    _ extraction: Extraction, of dataset: any ImageDataset, _ blueprint: Blueprint,
    on communicator: Communicator
  ) throws -> GateStatistics? {
    let decisions = extraction.gates
    guard !decisions.channels.isEmpty else { return nil }
    let classCount = extraction.labels == nil ? 0 : dataset.classCount
    let counts = try communicator.sum(
      ChannelCounts(decisions, labels: extraction.labels, classCount: classCount).row)
    let fingerprints = try communicator.gather(decisions.fingerprints, to: 0)
    let labels = try communicator.gather(extraction.labels ?? [], to: 0)
    let all = try decisions.gatheredCounts(on: communicator)
    guard let fingerprints, let labels, let all else { return nil }
    return GateStatistics(
      ChannelCounts(row: counts, channels: decisions.channels, classCount: classCount),
      fingerprints: fingerprints, labels: labels,
      MeasuredMACs(all, images: extraction.images, MACs(blueprint)), all, dataset, blueprint)
  }

  /// - Parameters:
  ///   - fingerprints: As of `GateDecisions`, of all images.
  ///   - labels: Of all images; empty: they have none.
  private init(
    _ counts: ChannelCounts, fingerprints: [UInt64], labels: [Int], _ macs: MeasuredMACs,
    _ decisions: GateDecisions, _ dataset: any ImageDataset, _ blueprint: Blueprint
  ) {
    let (images, gateCount) = (macs.images, blueprint.gates.count)
    self.images = images
    self.macs = macs
    classNames = counts.classCount == 0 ? [] : dataset.classNames
    var imagesByClass = [Int](repeating: 0, count: counts.classCount)
    for label in labels { imagesByClass[label] += 1 }
    self.imagesByClass = imagesByClass
    var spent = [Double](repeating: 0, count: counts.classCount)
    for (label, cost) in zip(labels, macs.byImage) { spent[label] += Double(cost) }
    macsShareByClass = zip(spent, imagesByClass).map {
      $1 == 0 ? nil : $0 / (Double($1) * Double(macs.dense))
    }
    func repetition(_ mask: Int) -> (shared: Double, distinct: Int) {
      Self.repetition(
        (0..<images).map { fingerprints[$0 * (gateCount + 1) + mask] })
    }
    gates = blueprint.blocks.flatMap { block in
      block.gates.map { number in
        let (shared, distinct) = repetition(number)
        let (open, byClass) = (counts.open(ofGate: number), counts.openByClass(ofGate: number))
        return Gate(
          name: blueprint.gates[number].name, block: block.name, open: open, openByClass: byClass,
          entropy: Self.entropy(open, of: images),
          classInformation: byClass.isEmpty
            ? nil
            : Self.entropy(open, of: images)
              - zip(byClass, imagesByClass).reduce(0) {
                $0 + Double($1.1) / Double(images) * Self.entropy($1.0, of: $1.1)
              },
          sharedMasks: shared, distinctMasks: distinct)
      }
    }
    (sharedMasks, distinctMasks) = repetition(gateCount)
    let channels = (0..<images).map { decisions.open(ofImage: $0).reduce(0, +) }
    func extreme(_ index: Int) -> Extreme {
      Extreme(
        index: index, name: dataset.imageName(at: index), label: labels.isEmpty ? nil : labels[index],
        channels: channels[index], macsShare: Double(macs.byImage[index]) / Double(macs.dense))
    }
    let order = channels.indices.sorted { (channels[$0], $0) < (channels[$1], $1) }
    fewest = order.prefix(Self.extremes).map(extreme)
    most = channels.indices.sorted { (channels[$1], $0) < (channels[$0], $1) }.prefix(Self.extremes).map(
      extreme)
  }

  /// Mean over channels, in bits.
  static func entropy(_ open: [Int], of images: Int) -> Double {
    guard images > 0 else { return 0 }
    return open.reduce(0) { sum, count in
      let p = Double(count) / Double(images)
      return p == 0 || p == 1 ? sum : sum - p * log2(p) - (1 - p) * log2(1 - p)
    } / Double(open.count)
  }

  /// How often two different ones are equal, and how many different ones there are.
  static func repetition(_ fingerprints: [UInt64]) -> (shared: Double, distinct: Int) {
    var counts: [UInt64: Int] = [:]
    for fingerprint in fingerprints { counts[fingerprint, default: 0] += 1 }
    let n = Double(fingerprints.count)
    let pairs = counts.values.reduce(0.0) { $0 + Double($1) * Double($1 - 1) }
    return (n < 2 ? 0 : pairs / (n * (n - 1)), counts.count)
  }
}

/// On how many images each channel was open, in all and by class: whole numbers that ranks add up.
struct ChannelCounts {
  /// `[1 + classCount][all channels]`.
  private(set) var row: [Int64]
  private let channels: [Int]
  let classCount: Int

  init(row: [Int64], channels: [Int], classCount: Int) {
    self.row = row
    self.channels = channels
    self.classCount = classCount
  }

  init(_ decisions: GateDecisions, labels: [Int]?, classCount: Int) {
    let width = decisions.channels.reduce(0, +)
    self.init(
      row: Array(repeating: 0, count: (1 + classCount) * width), channels: decisions.channels,
      classCount: classCount)
    for image in 0..<decisions.images {
      let words = decisions.masks[image * decisions.wordsPerImage..<(image + 1) * decisions.wordsPerImage]
      var first = 0
      for (gate, count) in channels.enumerated() {
        let own = decisions.words(ofGate: gate)
        for (number, word) in words[words.startIndex + own.lowerBound..<words.startIndex + own.upperBound]
          .enumerated()
        {
          var left = word
          while left != 0 {
            let channel = first + 64 * number + left.trailingZeroBitCount
            row[channel] += 1
            if let label = labels?[image] { row[(1 + label) * width + channel] += 1 }
            left &= left - 1
          }
        }
        first += count
      }
    }
  }

  func open(ofGate gate: Int) -> [Int] { counts(0, gate) }

  func openByClass(ofGate gate: Int) -> [[Int]] { (0..<classCount).map { counts(1 + $0, gate) } }

  private func counts(_ part: Int, _ gate: Int) -> [Int] {
    let start = part * channels.reduce(0, +) + channels[..<gate].reduce(0, +)
    return row[start..<start + channels[gate]].map { Int($0) }
  }
}

extension GateDecisions {
  /// 64 bits that stand for a mask, `[images × (gates + 1)]`; the last for those of all gates. Of different masks they
  /// are the same once in 2⁶⁴ times.
  var fingerprints: [UInt64] {
    (0..<images).flatMap { image -> [UInt64] in
      let words = masks[image * wordsPerImage..<(image + 1) * wordsPerImage]
      let own = channels.indices.map { gate in
        let range = self.words(ofGate: gate)
        return mixed(words[words.startIndex + range.lowerBound..<words.startIndex + range.upperBound])
      }
      return own + [mixed(own[...])]
    }
  }
}

/// Words mixed into one, each by the finalizer of SplitMix64 (Steele, Lea & Flood, 2014).
private func mixed(_ words: ArraySlice<UInt64>) -> UInt64 {
  words.reduce(0) { sum, word in
    var z = (sum ^ word) &+ 0x9E37_79B9_7F4A_7C15
    z = (z ^ z >> 30) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ z >> 27) &* 0x94D0_49BB_1331_11EB
    return z ^ z >> 31
  }
}
