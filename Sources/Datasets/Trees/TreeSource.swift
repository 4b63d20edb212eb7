import Collectives
import Foundation
import Foundations

/// A tree of class folders as a person named it, opened on any number of ranks.
///
/// Rank 0 alone scans, and sends what it found to the others; one rank of every other host makes sure that the same
/// files are there. All ranks share the work of looking at every file once, before any training.
struct TreeSource {
  let form: TreeForm
  /// As a person named it.
  let folder: String
  let options: DatasetOptions

  /// Looking at so many may take seconds, on a file server more.
  private static let manyFiles = 10_000

  var classes: ClassList? { options.classList ?? form.classes }
  /// For messages, for example `folder:DIR`.
  var text: String { "\(form.name):\(folder)" }

  /// - Throws: The same `AgreedFailure` on every rank; `CollectiveError`.
  func open(on communicator: Communicator, inform: (String) -> Void) throws -> DataParts {
    var (index, isNew) = try sharedIndex(on: communicator)
    try requireSameTree(as: index.listing, on: communicator)
    let numbers = index.faulty ?? Array(0..<index.listing.fileCount)
    if numbers.count >= Self.manyFiles, communicator.rank == 0 {
      inform("\(text): looking at the beginning and the end of \(grouped(numbers.count)) files")
    }
    let listing = index.listing
    let faults = try communicator.faults(ofFiles: numbers) {
      FilePath(folder: folder, listing.path(ofFile: $0))
    }
    let all = DataFault.sorted(index.listing.facts.faults + faults.map(\.fault))
    if !all.isEmpty, options.onError == .stop {
      throw AgreedFailure(
        onEveryRank: DatasetError.faults(all, total: index.listing.fileCount, source: text),
        hostName: communicator.hostName)
    }
    let faulty = faults.map(\.number)
    isNew = isNew || faulty != index.faulty
    index.faulty = faulty
    let data = communicator.rank == 0 && isNew ? Data(try index.encoded()) : nil
    return pair(index.listing, faults: all, inFiles: faults.map(\.fault), index: data)
  }

  // MARK: The list

  /// What rank 0 read in the index file or found in the tree, and whether the file should be written anew.
  private func sharedIndex(on communicator: Communicator) throws -> (TreeIndex, isNew: Bool) {
    let found = try communicator.agree { () throws -> (TreeIndex, isNew: Bool)? in
      guard communicator.rank == 0 else { return nil }
      if let old = storedIndex() { return (old, false) }
      return (TreeIndex(form, folder, classes: classes, listing: try scan()), true)
    }
    guard communicator.worldSize > 1 else { return found! }
    let bytes = try communicator.broadcast(try found?.0.encoded() ?? [])
    return try communicator.agree {
      if let found { return found }
      guard let index = TreeIndex(bytes) else {
        preconditionFailure("an index of this version was sent by the same version")
      }
      return (index, false)
    }
  }

  private func scan() throws(DatasetError) -> TreeListing {
    try TreeScan.listing(form, folder, classes: classes)
  }

  /// What the index file says, if it is still so.
  private func storedIndex() -> TreeIndex? {
    guard let path = options.indexFile, let data = FileManager.default.contents(atPath: path),
      let index = TreeIndex(Array(data)), index.isValid(form, folder, classes: classes)
    else { return nil }
    return index
  }

  /// Compares the tree of every host with that of rank 0's: people copy data to the nodes, and not always all of it.
  private func requireSameTree(as listing: TreeListing, on communicator: Communicator) throws {
    let hosts = try communicator.gatherEach(communicator.hostName)
    try communicator.agree {
      let host = hosts[communicator.rank]
      guard host != hosts[0], hosts.firstIndex(of: host) == communicator.rank else { return }
      if let difference = try scan().difference(from: listing) {
        throw DatasetError.badTree(
          "\(text) does not hold the files that rank 0 has on \(hosts[0]): \(difference); copy them again")
      }
    }
  }

  // MARK: The data set

  /// - Parameter files: Those of the faults that are files.
  private func pair(
    _ listing: TreeListing, faults: [DataFault], inFiles files: [DataFault], index: Data?
  ) -> DataParts {
    let facts = listing.facts
    func tree(_ part: String, _ files: FileList) -> ImageTree {
      ImageTree(name: "\(form.name) \(part)", classNames: facts.classNames, folder: folder, files: files)
    }
    var warnings = facts.warnings
    if !facts.faults.isEmpty {
      let sentences = facts.faults.prefix(3).map { "\($0.name): \($0.reason)" }.joined(separator: "; ")
      warnings.append(
        "\(text): \(counted(facts.faults.count, "fault")) in folders and lists: \(sentences)"
          + (facts.faults.count > 3 ? "; …" : ""))
    }
    warnings += DataFault.warnings(of: files, among: listing.fileCount, source: text)
    let digest = listing.digest
    return DataParts(
      train: tree("train", listing.train), test: listing.test.map { tree(facts.testName ?? "val", $0) },
      notes: notes(listing, digest: digest), warnings: warnings, faults: faults, digest: digest,
      index: index)
  }

  private func notes(_ listing: TreeListing, digest: String) -> [String] {
    func images(_ files: FileList, _ noun: String) -> String {
      "\(grouped(files.count)) \(noun) in \(files.classCounts.count { $0 > 0 }) classes"
    }
    let origin =
      switch classes {
      case nil: "the folders of train"
      case .imageNet100: "built-in list, SHA-256 \(ClassList.imageNet100.digest.prefix(12))"
      case let list?: "listed, SHA-256 \(list.digest.prefix(12))"
      }
    var notes = [
      "\(form.name): \(listing.facts.classNames.count) classes (\(origin)), "
        + images(listing.train, "training images")
        + (listing.test.map { ", \(images($0, "test images"))" } ?? ", none to test on")
        + "; file list SHA-256 \(digest.prefix(12))"
    ]
    let ignored = listing.facts.ignoredFiles
    if ignored > 0 {
      notes.append(
        "\(form.name): \(grouped(ignored)) \(ignored == 1 ? "file" : "files") whose name does not end in .jpg, .jpeg "
          + "or .png left out")
    }
    let hidden = listing.facts.hidden
    if let first = hidden.first {
      notes.append(
        "\(form.name): \(grouped(hidden.count)) hidden \(hidden.count == 1 ? "file or folder" : "files and folders") "
          + "left out\(hidden.count == 1 ? ":" : ", the first is") \(first.text)")
    }
    return notes
  }
}
