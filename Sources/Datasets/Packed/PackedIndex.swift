import Foundation
import Foundations

/// `index.json`: what a finished pack holds. It is written last.
public struct PackedIndex: Codable, Equatable, Sendable {
  public struct Part: Codable, Equatable, Sendable {
    public var images: Int
    public var shards: [Shard]
    public var skipped: [DataFault]

    package init(images: Int, shards: [Shard], skipped: [DataFault]) {
      self.images = images
      self.shards = shards
      self.skipped = skipped
    }
  }

  public struct Shard: Codable, Equatable, Sendable {
    public var name: String
    public var images: Int
    public var bytes: Int
    public var sha256: String
    /// Of the shard's index.
    public var indexSha256: String

    package init(name: String, images: Int, bytes: Int, sha256: String, indexSha256: String) {
      self.name = name
      self.images = images
      self.bytes = bytes
      self.sha256 = sha256
      self.indexSha256 = indexSha256
    }
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
  /// Side of the images that evaluation sees.
  public var imageSize: Int
  /// What the source said of itself.
  public var sourceNotes: [String]
  /// What the images took in the source.
  public var sourceBytes: Int
  // The file's own words for the parts.
  private var train: Part
  private var reference: Part?
  private var val: Part?

  package init(
    plan: PackPlan, classNames: [String], normalization: Colours, imageSize: Int, sourceNotes: [String],
    sourceBytes: Int, parts: PerPart<Part>
  ) {
    self.plan = plan
    self.classNames = classNames
    classDigest = DurableFiles.digest(Data(classNames.map { $0 + "\n" }.joined().utf8))
    self.normalization = normalization
    self.imageSize = imageSize
    self.sourceNotes = sourceNotes
    self.sourceBytes = sourceBytes
    train = parts.train
    reference = parts.reference
    val = parts.test
  }

  public var parts: PerPart<Part> { PerPart(train: train, reference: reference, test: val) }

  private var shards: [Shard] { parts.values.flatMap(\.shards) }
  public var shardCount: Int { shards.count }
  public var images: Int { parts.values.reduce(0) { $0 + $1.images } }
  /// Of the shards.
  public var bytes: Int { shards.reduce(0) { $0 + $1.bytes } }
  public var skippedCount: Int { parts.values.reduce(0) { $0 + $1.skipped.count } }

  /// SHA-256 over the shards' indices, which say what every image is and where.
  public var digest: String {
    DurableFiles.digest(Data(shards.map { $0.indexSha256 + "\n" }.joined().utf8))
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
    if let problem { throw .damaged(path: path, problem: "\(problem); restore it, or pack again") }
  }

  /// What cannot be so although it is the JSON of an index; nil: nothing.
  private var problem: String? {
    guard normalization.isValid, imageSize > 0 else { return "its colours or sizes are invalid" }
    let names = shards.map { ByteName($0.name) }
    if let stranger = names.first(where: { !$0.isFileName }) {
      return "its shard '\(stranger.text)' is no file of the folder"
    }
    guard Set(names).count == names.count else { return "it names a shard twice" }
    let areCounted = parts.values.allSatisfy { part in
      part.images.isCount && part.shards.allSatisfy { $0.images.isCount }
        && part.shards.map(\.images).checkedSum == part.images
    }
    let bytes = shards.map(\.bytes)
    guard areCounted, bytes.allSatisfy(\.isSize), bytes.checkedSum?.isSize == true, sourceBytes.isSize else {
      return "its numbers of images and bytes do not fit together"
    }
    return nil
  }
}

extension DataPart {
  // Packs call the test part as ImageNet does.
  public var packedName: String { self == .test ? "val" : rawValue }

  public var packedAdjective: String { self == .test ? packedName : adjective }
}
