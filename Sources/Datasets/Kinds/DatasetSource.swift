import Collectives
import Foundation
import Foundations

/// A data set as a person names it, for example `cifar10:DIR`: one of the forms of `DataKind.all`.
public struct DatasetSource: Sendable {
  public let kind: DataKind
  /// What stands behind the colon, for most kinds the path of a folder.
  private let argument: String?
  private let opening: DataKind.Opening

  /// - Throws: `DatasetError` that lists what exists, with the nearest name.
  public init(parsing text: String) throws(DatasetError) {
    // By bytes: the first letter of a folder's name may be an accent, which Unicode adds to the colon.
    let parts = text.utf8.split(separator: UInt8(ascii: ":"), maxSplits: 1, omittingEmptySubsequences: false)
      .map { String(Substring($0)) }
    guard let kind = DataKind.all.first(where: { $0.name == parts[0] }) else {
      throw .unknownSource(text, suggestion: Self.nearest(to: parts[0]))
    }
    self.kind = kind
    argument = parts.count > 1 ? parts[1] : nil
    do throws(DataKind.BadArgument) {
      opening = try kind.read(argument)
    } catch {
      throw .badSource(text, rule: error.rule)
    }
  }

  /// Whether two people who named their data so mean the same, perhaps in two places.
  ///
  /// - Parameter one, other: How the data is named, and its `DataParts.digest`; nil: not known.
  public static func isSame(
    _ one: (source: String, digest: String?), as other: (source: String, digest: String?)
  ) -> Bool {
    guard let first = try? DatasetSource(parsing: one.source),
      let second = try? DatasetSource(parsing: other.source), first.kind.name == second.kind.name
    else { return false }
    if let digest = one.digest, let otherDigest = other.digest { return digest == otherDigest }
    guard let path = first.argument, let otherPath = second.argument else {
      return first.argument == second.argument
    }
    // The same folder by other words, or the same words.
    guard let resolved = realpath(path, nil), let otherResolved = realpath(otherPath, nil) else {
      return path.utf8.elementsEqual(otherPath.utf8)
    }
    defer {
      free(resolved)
      free(otherResolved)
    }
    return strcmp(resolved, otherResolved) == 0
  }

  /// Opens what a person named, on every rank of `communicator`.
  ///
  /// - Parameter inform: Is told on rank 0 what may take long.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public static func open(
    _ text: String, _ options: DatasetOptions = DatasetOptions(), on communicator: Communicator,
    inform: (String) -> Void = { _ in }
  ) throws -> DataParts {
    let source = try communicator.agree { () throws -> DatasetSource in
      let source = try DatasetSource(parsing: text)
      if options.classList != nil, !source.kind.takesClassList { throw DatasetError.noClassList(text) }
      return source
    }
    return try withoutActuallyEscaping(inform) { inform in
      try source.opening(
        DataKind.Opener(options: options, communicator: communicator, inform: inform))
    }
  }

  /// The form whose name is reached with the fewest changed letters; nil if nothing is near.
  private static func nearest(to name: String) -> String? {
    let candidates = DataKind.all.map { kind in
      (form: kind.forms[0], distance: editDistance(name.lowercased(), kind.name))
    }
    guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, name.count / 2) ? best.form : nil
  }
}
