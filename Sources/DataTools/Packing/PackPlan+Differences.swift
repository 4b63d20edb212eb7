import Datasets
import Foundations

extension PackPlan {
  /// In words, what `other` has that this does not have: nothing if both give the same images.
  func differences(from other: PackPlan) -> [String] {
    func text(_ value: some Any) -> String { "\(value)" }
    func text(_ value: Int?) -> String { value.map { "\($0)" } ?? "none" }
    var values: [(name: String, old: String, new: String)] = [
      ("--max-side", text(other.maxSide), text(maxSide)), ("--quality", text(other.quality), text(quality)),
    ]
    for part in DataPart.allCases {
      values.append(
        ("\(part.packedAdjective) images", text(other.parts[part]?.images), text(parts[part]?.images)))
      guard part == .train else { continue }
      values.append(("--shards", text(other.parts.train.shards), text(parts.train.shards)))
    }
    values.append(("seed", text(other.seed), text(seed)))
    // The same tree may be found in another place.
    if let digest = sourceDigest, let otherDigest = other.sourceDigest {
      values.append(("digest of the source", text(otherDigest.prefix(12)), text(digest.prefix(12))))
    } else {
      values.append(("source", other.source, source))
    }
    return values.filter { ByteName($0.old) != ByteName($0.new) }.map { name, old, new in
      let (old, new) = toldApart(old, new)
      return "\(name): \(old) → \(new)"
    }
  }
}
