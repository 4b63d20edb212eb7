import Foundation
import Foundations

/// Reads the folders of a tree once, and no file in it but the lists of classes beside a flat `val`.
struct TreeScan {
  let form: TreeForm
  /// As a person named it.
  let folder: String
  /// nil: every folder of `train` is a class.
  let classes: ClassList?
  var listing = TreeListing()
  /// The folders that hold classes, or the whole tree, and their paths.
  var outerFolders: [FileIdentity: String] = [:]
  /// Where each folder of the part that is read was met first.
  var metFolders: [FileIdentity: MetFolder] = [:]
  /// Paths of one folder in one class.
  var repeatedFolders: [(path: String, first: String)] = []
  let begin = Date()

  /// - Throws: `DatasetError` for a tree of another layout, missing classes, folders that cannot be read.
  static func listing(_ form: TreeForm, _ folder: String, classes: ClassList?) throws(DatasetError)
    -> TreeListing
  {
    var scan = TreeScan(form: form, folder: folder, classes: classes)
    try scan.run()
    return scan.listing
  }

  private init(form: TreeForm, folder: String, classes: ClassList?) {
    self.form = form
    self.folder = folder
    self.classes = classes
  }

  private mutating func run() throws(DatasetError) {
    let root = try contents("")
    let parts = subfolders(of: root, at: "")
    try requireReachable("train", parts)
    guard parts.names.contains("train") else {
      throw .badTree(
        "\(folder) has no folder train: \(form.name):DIR expects DIR/train/CLASS/… and, to test on, "
          + "DIR/val/CLASS/…" + (form == .imageNet100 ? " or a flat DIR/val with a list of its classes" : ""))
    }
    findOuterFolders()
    let train = try contents("train")
    noteHidden(train, in: "train")
    let folders = subfolders(of: train, at: "train")
    let names = try classNames(folders)
    listing.facts.classNames = names.compactMap(\.string)
    noteBroken(folders, of: "train", among: names)
    var files = FileList()
    for name in names { try appendClass(name, folders, of: "train", to: &files) }
    listing.train = files
    guard files.count > 0 else { throw noImages(folders) }
    endPart()
    try readTestPart(parts)
  }

  /// The classes, in the order of labels.
  private mutating func classNames(_ folders: Subfolders) throws(DatasetError) -> [ByteName] {
    let train = "\(folder)/train"
    guard let classes else {
      let names = folders.names.sorted()
      let notText = names.filter { $0.string == nil }
      if let first = notText.first {
        throw .badTree(
          "\(train) has "
            + (notText.count == 1
              ? "a class folder whose name is not UTF-8"
              : "\(notText.count) class folders whose names are not UTF-8, the first")
            + ": '\(first.text)'; rename \(notText.count == 1 ? "it" : "them") (for example with convmv), or name the "
            + "classes that you want with --classes FILE (data.classes in a configuration)")
      }
      guard !names.isEmpty else {
        throw folders.broken.isEmpty
          ? .badTree("\(train) holds no class folders") : noImages(folders)
      }
      warnOfLookalikes(among: names)
      return names
    }
    let names = classes.names.map { ByteName($0) }
    let missing = names.filter { !folders.names.contains($0) && folders.broken[$0] == nil }
    guard missing.isEmpty else {
      let others = folders.names.subtracting(names)
      let pairs = missing.compactMap { name in others.filter(name.looksLike).min().map { (name, $0) } }
      guard let (name, found) = pairs.first else {
        throw .missingClasses(
          folder: train, missing: missing.map(\.text), of: names.count, tree: form.name)
      }
      throw .badTree(
        "\(train) does not have the class '\(name.spelling)' of the list, but '\(found.spelling)', which looks the same "
          + "and has other bytes: rename the folder, or correct the list"
          + (pairs.count > 1 ? "; there are \(pairs.count) such classes" : ""))
    }
    warnOfLookalikes(among: names)
    return names
  }

  private func noImages(_ folders: Subfolders) -> DatasetError {
    guard let first = folders.broken.min(by: { $0.key < $1.key }) else {
      return .noImages(folder: "\(folder)/train")
    }
    let count = folders.broken.count
    return .badTree(
      "\(folder)/train holds no images: "
        + (count == 1 ? "" : "\(count) links cannot be followed, the first is ")
        + "\(first.key.text): \(first.value)")
  }

  private mutating func warnOfLookalikes(among names: [ByteName]) {
    let groups = Dictionary(grouping: names, by: \.text).values.filter { $0.count > 1 }
    for group in groups.sorted(by: { $0[0] < $1[0] }) {
      listing.facts.warnings.append(
        "\(folder)/train has class folders that look the same and have other bytes, so they are \(group.count) classes: "
          + group.map { "'\($0.spelling)'" }.joined(separator: " and "))
    }
  }
}
