import Foundation

/// Reads the folders of a tree once, and no file in it but the lists of classes beside a flat `val`.
struct TreeScan {
  let form: TreeForm
  /// As a person named it.
  let folder: String
  /// nil: every folder of `train` is a class.
  let classes: ClassList?
  private var listing = TreeListing()
  private let begin = Date()

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
    guard try folders(root, of: "").contains("train") else {
      throw .badTree(
        "\(folder) has no folder train: \(form.name):DIR expects DIR/train/CLASS/… and, to test on, "
          + "DIR/val/CLASS/…" + (form == .imageNet100 ? " or a flat DIR/val with a list of its classes" : ""))
    }
    let trainFolders = Set(try folders(contents("train"), of: "train"))
    let names = classes?.names ?? ClassList.sorted(Array(trainFolders))
    let missing = names.filter { !trainFolders.contains($0) }
    guard missing.isEmpty else {
      throw .missingClasses(folder: "\(folder)/train", missing: missing, of: names.count, tree: form.name)
    }
    guard !names.isEmpty else { throw .badTree("\(folder)/train holds no class folders") }
    listing.facts.classNames = names
    var files = FileList()
    for name in names { try appendClass(name, of: "train", to: &files) }
    listing.train = files
    guard files.count > 0 else { throw .noImages(folder: "\(folder)/train") }
    try readTestPart(root: root)
  }

  // MARK: The part to test on

  private mutating func readTestPart(root: FolderContents) throws(DatasetError) {
    let found = try folders(root, of: "")
    // ImageNet's own `test` has no classes that anybody knows.
    guard let name = (form == .imageNet100 ? ["val"] : ["val", "test"]).first(where: found.contains) else {
      listing.facts.warnings.append("\(folder) has no folder val: there are no test images")
      return
    }
    let names = listing.facts.classNames
    let contents = try contents(name)
    let classFolders = Set(try folders(contents, of: name))
    listing.facts.testName = name
    var files = FileList()
    if classFolders.isDisjoint(with: names), let flat = try flatFolder(name, contents, classFolders) {
      try appendFlat(flat.path, flat.contents, of: name, to: &files)
    } else {
      let unknown = ClassList.sorted(classFolders.filter { !names.contains($0) })
      if classes == nil, let first = unknown.first {
        throw .badTree(
          "\(folder)/\(name) has \(unknown.count == 1 ? "a class" : "\(unknown.count) classes") that "
            + "\(folder)/train does not have\(unknown.count == 1 ? "" : ", the first is"): \(first)")
      }
      for className in names {
        if classFolders.contains(className) {
          try appendClass(className, of: name, to: &files)
        } else {
          files.appendClass([])
        }
      }
    }
    if files.count == 0 {
      listing.facts.warnings.append(
        "\(folder)/\(name) holds no images of these classes: there is nothing to test on")
      listing.facts.testName = nil
      return
    }
    let counts = files.classCounts
    let empty = listing.facts.emptyClasses.map(\.name)
    let without = names.indices.filter {
      counts[$0] == 0 && !empty.contains("\(folder)/\(name)/\(names[$0])")
    }
    if let first = without.first {
      listing.facts.warnings.append(
        "\(folder)/\(name) has no images of "
          + (without.count == 1
            ? "the class" : "\(without.count) of the \(names.count) classes, the first is")
          + " \(names[first])")
    }
    listing.test = files
  }

  /// Where images lie beside each other: `val`, or `val/images` as in Tiny ImageNet.
  private mutating func flatFolder(
    _ name: String, _ contents: FolderContents, _ folders: Set<String>
  ) throws(DatasetError) -> (path: String, contents: FolderContents)? {
    if contents.entries.contains(where: isImage) { return (name, contents) }
    guard folders.contains("images") else { return nil }
    let inner = try self.contents("\(name)/images")
    return inner.entries.contains(where: isImage) ? ("\(name)/images", inner) : nil
  }

  private mutating func appendFlat(
    _ path: String, _ contents: FolderContents, of part: String, to files: inout FileList
  ) throws(DatasetError) {
    let truth = try groundTruth(for: path, of: part)
    let images = contents.entries.filter(isImage).map(\.name).sorted { $0.precedes($1) }
    listing.facts.ignoredFiles += contents.entries.count { $0.kind != .folder && !isImage($0) }
    let classes = try truth.classes(of: images, in: folder)
    var paths: [String: [[UInt8]]] = [:]
    for (name, image) in zip(classes, images) {
      paths[name, default: []].append(Array("\(path)/".utf8) + image)
    }
    for name in listing.facts.classNames { files.appendClass(paths[name] ?? []) }
  }

  private mutating func groundTruth(for path: String, of part: String) throws(DatasetError) -> GroundTruth {
    func find(_ name: String) -> String? {
      [name, "\(part)/\(name)"].first { FilePath(folder: folder, $0.utf8).status != nil }
    }
    guard let found = GroundTruth.fileNames.compactMap(find).first else {
      throw .badTree(
        "\(folder)/\(path) holds images without class folders, and neither \(folder) nor \(folder)/\(part) has a "
          + "file that names their classes: one of \(GroundTruth.fileNames.joined(separator: ", "))")
    }
    let classNumbers = find(GroundTruth.classNumbers)
    for list in [found] + (classNumbers.map { [$0] } ?? []) {
      if let status = FilePath(folder: folder, list.utf8).status { watch(list, status) }
    }
    return try GroundTruth(found, in: folder, classNumbers: classNumbers)
  }

  // MARK: Folders

  private mutating func appendClass(
    _ name: String, of part: String, to files: inout FileList
  ) throws(DatasetError) {
    var paths: [[UInt8]] = []
    try walk(Array("\(part)/\(name)".utf8), above: [], into: &paths)
    if paths.isEmpty {
      listing.facts.emptyClasses.append(
        DataFault(name: "\(folder)/\(part)/\(name)", reason: "the class folder holds no images"))
    }
    files.appendClass(paths)
  }

  /// Adds the image files of a folder and of those in it.
  ///
  /// - Parameter above: The folders that it lies in, for links that lead back into one of them.
  private mutating func walk(
    _ path: [UInt8], above: [stat], into paths: inout [[UInt8]]
  ) throws(DatasetError) {
    let contents = try contents(path)
    guard !above.contains(where: { $0.isSameFile(as: contents.status) }) else { return }
    for entry in contents.entries {
      let inner = path + [UInt8(ascii: "/")] + entry.name
      if isImage(entry) {
        paths.append(inner)
      } else if entry.kind == .folder || entry.kind == .link && FilePath(folder: folder, inner).isFolder {
        try walk(inner, above: above + [contents.status], into: &paths)
      } else {
        listing.facts.ignoredFiles += 1
      }
    }
  }

  /// The names of the folders in a folder, and of links to some; not hidden ones, which editors and file managers
  /// leave behind.
  private func folders(_ contents: FolderContents, of path: String) throws(DatasetError) -> [String] {
    contents.entries.compactMap { entry in
      guard entry.name.first != UInt8(ascii: ".") else { return nil }
      let name = Array("\(path)/".utf8.dropFirst(path.isEmpty ? 1 : 0)) + entry.name
      let isFolder =
        entry.kind == .folder || entry.kind == .link && FilePath(folder: folder, name).isFolder
      return isFolder ? entry.name.text : nil
    }
  }

  private mutating func contents(_ path: String) throws(DatasetError) -> FolderContents {
    try contents(Array(path.utf8))
  }

  private mutating func contents(_ path: [UInt8]) throws(DatasetError) -> FolderContents {
    let contents = try FolderContents(FilePath(folder: folder, path))
    watch(path.text, contents.status)
    return contents
  }

  private mutating func watch(_ path: String, _ status: stat) {
    // Clocks of file systems are coarse, and those of servers not ours: two seconds are ample.
    let isRecent = Double(status.modified) / 1e9 > begin.timeIntervalSince1970 - 2
    listing.facts.watched.append(.init(path: path, modified: isRecent ? 0 : status.modified))
  }

  /// Whether a name ends as an image's does. What is behind it, even a folder, is found out when it is opened.
  private func isImage(_ entry: FolderContents.Entry) -> Bool {
    guard let dot = entry.name.lastIndex(of: UInt8(ascii: ".")) else { return false }
    return Self.extensions.contains(entry.name[(dot + 1)...].map { $0 | 0x20 })
  }

  /// In lower case.
  private static let extensions = Set(["jpg", "jpeg", "png"].map { Array($0.utf8) })
}
