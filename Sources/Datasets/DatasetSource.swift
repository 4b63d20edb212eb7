import Collectives
import Foundation
import Foundations
import Tensors

/// A data set as a person names it: `cifar10:DIR`, `cifar100:DIR`, `imagenet100:DIR`, `folder:DIR`, `shapes` or
/// `shapes:512x128`.
public enum DatasetSource: Sendable, Equatable {
  case cifar10(folder: String)
  case cifar100(folder: String)
  /// The classes of a list, of an ImageNet tree.
  case imageNet100(folder: String)
  /// A tree of class folders.
  case folder(String)
  /// What `sluice data pack` wrote.
  case packed(folder: String)
  /// The built-in pictures: how many to train on and to test on.
  case shapes(train: Int, test: Int)

  /// Ways to name a data set that this version opens.
  public static let available = [
    "cifar10:DIR", "cifar100:DIR", "imagenet100:DIR", "folder:DIR", "packed:DIR", "shapes",
    "shapes:TRAINxTEST",
  ]

  /// - Throws: `DatasetError` that lists what exists, with the nearest name.
  public init(parsing text: String) throws(DatasetError) {
    let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    let argument = parts.count > 1 ? parts[1] : nil
    switch parts[0] {
    case "cifar10": self = .cifar10(folder: try Self.folder(argument, text))
    case "cifar100": self = .cifar100(folder: try Self.folder(argument, text))
    case "imagenet100": self = .imageNet100(folder: try Self.folder(argument, text))
    case "folder": self = .folder(try Self.folder(argument, text))
    case "packed": self = .packed(folder: try Self.folder(argument, text))
    case "shapes": self = try Self.shapes(argument, text)
    case let kind:
      throw .unknownSource(text, suggestion: Self.nearest(to: kind))
    }
  }

  /// Opens what a person named, on every rank of `communicator`.
  ///
  /// - Parameter inform: Is told on rank 0 what may take long.
  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  public static func open(
    _ text: String, _ options: DatasetOptions = DatasetOptions(), on communicator: Communicator,
    inform: (String) -> Void = { _ in }
  ) throws -> DatasetPair {
    let source = try communicator.agree { () throws -> DatasetSource in
      let source = try DatasetSource(parsing: text)
      if options.classList != nil, !source.takesClassList { throw DatasetError.noClassList(text) }
      return source
    }
    return switch source {
    case .imageNet100(let folder):
      try TreeSource(form: .imageNet100, folder: folder, options: options)
        .open(on: communicator, inform: inform)
    case .folder(let folder):
      try TreeSource(form: .folder, folder: folder, options: options)
        .open(on: communicator, inform: inform)
    case .packed(let folder):
      try PackedFolder(path: folder).open(on: communicator)
    case .cifar10(let folder):
      try communicator.agree { try CIFARLayout.cifar10.open(folder: URL(fileURLWithPath: folder)) }
    case .cifar100(let folder):
      try communicator.agree { try CIFARLayout.cifar100.open(folder: URL(fileURLWithPath: folder)) }
    case .shapes(let train, let test):
      DatasetPair(train: ShapesDataset(.train, count: train), test: ShapesDataset(.test, count: test))
    }
  }

  /// Whether a person may choose the classes.
  private var takesClassList: Bool {
    switch self {
    case .imageNet100, .folder: true
    case .cifar10, .cifar100, .packed, .shapes: false
    }
  }

  private static func folder(_ argument: String?, _ text: String) throws(DatasetError) -> String {
    guard let argument, !argument.isEmpty else {
      let kind = text.prefix { $0 != ":" }
      throw .badSource(text, rule: "a folder must follow the colon, for example \(kind):DIR")
    }
    return argument
  }

  private static func shapes(_ argument: String?, _ text: String) throws(DatasetError) -> DatasetSource {
    guard let argument else { return .shapes(train: 8000, test: 2000) }
    let counts = argument.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard counts.count == 2, let train = counts[0], let test = counts[1],
      (1...ShapesDataset.largestCount).contains(train), (1...ShapesDataset.largestCount).contains(test)
    else {
      throw .badSource(
        text, rule: "write two counts from 1 to \(ShapesDataset.largestCount), for example shapes:512x128")
    }
    return .shapes(train: train, test: test)
  }

  /// The form whose name is reached with the fewest changed letters; nil if nothing is near.
  private static func nearest(to kind: String) -> String? {
    let candidates = available.map { form in
      (form: form, distance: editDistance(kind.lowercased(), String(form.prefix { $0 != ":" })))
    }
    guard let best = candidates.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(2, kind.count / 2) ? best.form : nil
  }
}
