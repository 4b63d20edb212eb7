import Foundation
import Foundations
import Images
import Tensors

/// What decides the bytes of a pack: the same plan gives the same files, on any number of ranks and threads.
public struct PackPlan: Codable, Equatable, Sendable {
  /// The data as it was named.
  public var source: String
  /// SHA-256 over what decides which picture has which number; nil where `source` says it.
  public var sourceDigest: String?
  /// The longer side of pictures in pixels at most; nil: as in the source.
  public var maxSide: Int?
  /// Of JPEG; nil: the source's bytes, 90 where they cannot be kept, PNG for pixels.
  public var quality: Int?
  /// Decides the order of pictures.
  public var seed: UInt64 = 0
  public var train: Part
  /// nil: the source has no part to test on.
  public var val: Part?

  public struct Part: Codable, Equatable, Sendable {
    /// In the source.
    public var images: Int
    public var shards: Int

    public init(images: Int, shards: Int) {
      self.images = images
      self.shards = shards
    }
  }

  public init(
    source: String, sourceDigest: String?, maxSide: Int?, quality: Int?, train: Part, val: Part?
  ) {
    self.source = source
    self.sourceDigest = sourceDigest
    self.maxSide = maxSide
    self.quality = quality
    self.train = train
    self.val = val
  }

  /// What is being packed, while it is not finished.
  public static let fileName = "pack.json"

  /// In words, what `other` has that this does not have: nothing if both give the same pictures.
  public func differences(from other: PackPlan) -> [String] {
    func text(_ value: some Any) -> String { "\(value)" }
    func text(_ value: Int?, _ none: String) -> String { value.map { "\($0)" } ?? none }
    var values: [(name: String, old: String, new: String)] = [
      ("--max-side", text(other.maxSide, "none"), text(maxSide, "none")),
      ("--quality", text(other.quality, "none"), text(quality, "none")),
      ("training images", text(other.train.images), text(train.images)),
      ("--shards", text(other.train.shards), text(train.shards)),
      ("val images", text(other.val?.images, "none"), text(val?.images, "none")),
      ("seed", text(other.seed), text(seed)),
    ]
    // The same tree may be found in another place.
    if let digest = sourceDigest, let otherDigest = other.sourceDigest {
      values.append(("digest of the source", text(otherDigest.prefix(12)), text(digest.prefix(12))))
    } else {
      values.append(("source", other.source, source))
    }
    return values.filter { $0.old != $0.new }.map { "\($0.name): \($0.old) → \($0.new)" }
  }
}

/// `index.json`: what a finished pack holds. It is written last.
public struct PackedIndex: Codable, Equatable, Sendable {
  public struct Part: Codable, Equatable, Sendable {
    public var images: Int
    public var shards: [Shard]
    public var skipped: [ShardIndex.Skipped]
  }

  public struct Shard: Codable, Equatable, Sendable {
    public var name: String
    public var images: Int
    public var bytes: Int
    public var sha256: String
    /// Of the shard's index.
    public var indexSha256: String
  }

  public struct Colours: Codable, Equatable, Sendable {
    public var mean: [Float]
    public var deviation: [Float]
  }

  public static let fileName = "index.json"
  static let knownVersion = 1

  public var format = "sluice packed"
  public var version = knownVersion
  public var plan: PackPlan
  /// In the order of labels.
  public var classNames: [String]
  /// SHA-256 over the names, each with a line feed behind it.
  public var classDigest: String
  public var normalization: Colours
  /// Side of the pictures that evaluation sees.
  public var imageSize: Int
  /// What the source said of itself.
  public var sourceNotes: [String]
  /// What the pictures took in the source.
  public var sourceBytes: Int
  public var train: Part
  public var val: Part?

  public var images: Int { train.images + (val?.images ?? 0) }
  /// Of the shards.
  public var bytes: Int { (train.shards + (val?.shards ?? [])).reduce(0) { $0 + $1.bytes } }
  public var skippedCount: Int { train.skipped.count + (val?.skipped.count ?? 0) }

  /// Of a finished pack.
  ///
  /// - Parameters:
  ///   - dataset: The source's training part.
  ///   - shards: The indices of each part, in order, with the bytes of their files.
  public init(
    plan: PackPlan, dataset: any ImageDataset, notes: [String], train: [(ShardIndex, file: Data)],
    val: [(ShardIndex, file: Data)]?
  ) {
    self.plan = plan
    classNames = dataset.classNames
    classDigest = DurableFiles.digest(Data(dataset.classNames.map { $0 + "\n" }.joined().utf8))
    let colours = dataset.normalization
    normalization = Colours(
      mean: (0..<3).map { colours.mean[$0] }, deviation: (0..<3).map { colours.deviation[$0] })
    imageSize = min(dataset.imageSize, plan.maxSide ?? .max)
    sourceNotes = notes
    sourceBytes = (train + (val ?? [])).reduce(0) { $0 + $1.0.sourceBytes }
    func part(_ shards: [(ShardIndex, file: Data)]) -> Part {
      Part(
        images: shards.reduce(0) { $0 + $1.0.records.count },
        shards: shards.map { index, file in
          Shard(
            name: index.name, images: index.records.count, bytes: index.bytes, sha256: index.sha256,
            indexSha256: DurableFiles.digest(file))
        },
        skipped: shards.flatMap(\.0.skipped))
    }
    self.train = part(train)
    self.val = val.map(part)
  }

  /// SHA-256 over the shards' indices, which say what every picture is and where.
  public var digest: String {
    let shards = train.shards + (val?.shards ?? [])
    return DurableFiles.digest(Data(shards.map { $0.indexSha256 + "\n" }.joined().utf8))
  }

  /// - Throws: `DatasetError.damaged` with `path`.
  public init(_ data: Data, path: String) throws(DatasetError) {
    struct Kind: Decodable {
      let format: String
      let version: Int
    }
    do {
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let kind = try decoder.decode(Kind.self, from: data)
      guard kind.format == "sluice packed", kind.version == Self.knownVersion else {
        throw DatasetError.damaged(
          path: path,
          problem: "it is of format '\(kind.format)' \(kind.version), this program knows 'sluice packed' "
            + "\(Self.knownVersion)")
      }
      self = try decoder.decode(Self.self, from: data)
    } catch let error as DatasetError {
      throw error
    } catch {
      throw .damaged(path: path, problem: "it is not the JSON that was written; restore it, or pack again")
    }
    let colours = [normalization.mean, normalization.deviation]
    guard colours.allSatisfy({ $0.count == 3 }), normalization.deviation.allSatisfy({ $0 > 0 }),
      !classNames.isEmpty, imageSize > 0
    else { throw .damaged(path: path, problem: "its colours, classes or sizes are none; pack again") }
  }
}

/// How `pack.json` and `index.json` are written.
public func packJSON(_ value: some Encodable) -> Data {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.keyEncodingStrategy = .convertToSnakeCase
  // Numbers that are finite and text always encode.
  return try! encoder.encode(value) + Data("\n".utf8)
}
