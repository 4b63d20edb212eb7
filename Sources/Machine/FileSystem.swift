import Foundation

/// The file system that a run's folder is on, or will be.
public struct FileSystem: Codable, Equatable, Sendable {
  /// The folder as it was named.
  public var folder: String
  /// For example ext4, nfs4, lustre or tmpfs; nil: unknown.
  public var type: String?
  public var mountPoint: String?
  public var options: [String]
  public var total: Int?
  public var free: Int?
  /// Names that can still be given to files; nil: unknown, or no limit.
  public var freeFiles: Int?
  /// What a checkpoint needs and this folder refuses, in words; nil: nothing.
  public var problem: String?
  /// Why there are no symbolic links here, in words; nil: there are.
  public var linkProblem: String?
  /// Why the names in a folder cannot be brought to the disk, in words; nil: they can.
  public var folderSyncProblem: String?
  /// Seconds that a file of 1 MiB took to reach the disk; nil where it did not.
  public var writeSeconds: Double?

  /// Looks at a folder, and at the nearest one that exists where it is still to be made; writes a small file
  /// there and removes it.
  public init(probing folder: String) {
    self.folder = folder
    var existing = URL(fileURLWithPath: folder).standardizedFileURL
    while existing.path != "/", !FileManager.default.fileExists(atPath: existing.path) {
      existing.deleteLastPathComponent()
    }
    let path = existing.resolvingSymlinksInPath().path
    let mount = Mount.holding(path, in: SystemFiles.live.read("/proc/self/mountinfo") ?? "")
    let space = Self.space(of: path)
    type = mount?.type
    mountPoint = mount?.point
    options = mount?.options ?? []
    total = space?.total
    free = space?.free
    freeFiles = space?.freeFiles
    let trial = DurableTrial(in: path)
    problem = trial.problem
    linkProblem = trial.linkProblem
    folderSyncProblem = trial.folderSyncProblem
    writeSeconds = trial.seconds
  }

  init(
    folder: String, type: String?, mountPoint: String? = nil, options: [String] = [], total: Int? = nil,
    free: Int? = nil, freeFiles: Int? = nil, problem: String? = nil,
    linkProblem: String? = nil, folderSyncProblem: String? = nil, writeSeconds: Double? = nil
  ) {
    self.folder = folder
    self.type = type
    self.mountPoint = mountPoint
    self.options = options
    self.total = total
    self.free = free
    self.freeFiles = freeFiles
    self.problem = problem
    self.linkProblem = linkProblem
    self.folderSyncProblem = folderSyncProblem
    self.writeSeconds = writeSeconds
  }

  /// Bytes of a path's file system and those that a user without privileges may still write, and how many
  /// names it has left for files.
  package static func space(of path: String) -> (total: Int, free: Int, freeFiles: Int?)? {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    let block = Int(status.f_frsize)
    return (
      Int(clamping: status.f_blocks) * block, Int(clamping: status.f_bavail) * block,
      status.f_files == 0 ? nil : Int(clamping: status.f_favail)
    )
  }
}

/// A line of `/proc/self/mountinfo`.
struct Mount: Equatable {
  let point: String
  let type: String
  let options: [String]

  /// The mount that a path is on: the last of those with the longest mount point above it.
  ///
  /// - Parameter path: Absolute, without symbolic links.
  static func holding(_ path: String, in mountInfo: String) -> Mount? {
    var best: Mount?
    for line in mountInfo.split(separator: "\n") {
      // id, parent, device, root, mount point, options, optional fields …, -, type, source, options of the type.
      let words = line.split(separator: " ")
      guard let dash = words.firstIndex(of: "-"), dash >= 6, words.count > dash + 3 else { continue }
      let point = String(words[4]).replacingOccurrences(of: "\\040", with: " ")
      guard path == point || path.hasPrefix(point == "/" ? "/" : point + "/") else { continue }
      if let best, best.point.count > point.count { continue }
      let options = (words[5].split(separator: ",") + words[dash + 3].split(separator: ",")).map(String.init)
      best = Mount(point: point, type: String(words[dash + 1]), options: options)
    }
    return best
  }
}

/// What a checkpoint does, once with a small file: write, reach the disk, take another name, be what a link leads to.
private struct DurableTrial {
  private(set) var problem: String?
  private(set) var linkProblem: String?
  private(set) var folderSyncProblem: String?
  private(set) var seconds: Double?

  init(in folder: String) {
    let name = "\(folder)/.sluice-doctor-\(getpid())"
    let (first, second, link) = (name + ".tmp", name, name + ".link")
    defer { for path in [first, second, link] { unlink(path) } }
    func failed(_ what: String) -> String { "\(what): \(String(cString: strerror(errno)))" }
    let begin = ContinuousClock.now
    let file = open(first, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
    guard file >= 0 else {
      problem = failed("a file cannot be made")
      return
    }
    defer { close(file) }
    let bytes = [UInt8](repeating: 1, count: 1 << 20)
    if write(file, bytes, bytes.count) != bytes.count {
      problem = failed("1 MiB cannot be written")
    } else if fsync(file) != 0 {
      problem = failed("fsync does not work")
    } else if rename(first, second) != 0 {
      problem = failed("a file cannot be renamed")
    } else {
      seconds = (ContinuousClock.now - begin) / .seconds(1)
    }
    guard problem == nil else { return }
    if symlink("step", link) != 0 { linkProblem = failed("links cannot be made") }
    let opened = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    defer { if opened >= 0 { close(opened) } }
    if opened < 0 || fsync(opened) != 0 { folderSyncProblem = failed("fsync of a folder does not work") }
  }
}
