import Machine
import Provenance

/// What is slow or wrong about the file system of a run's folder.
extension Finding {
  static func storage(_ system: FileSystem) -> [Finding] {
    if let problem = system.problem {
      return [
        Finding(
          .wrong, problem: "checkpoints cannot be written to \(system.folder): \(problem)",
          advice: "choose a folder that you may write to with --run, or free space and quota there")
      ]
    }
    return [
      loss(system), space(system), files(system), softMount(system), links(system), folderSync(system),
      speed(system),
    ]
    .compactMap { $0 }
  }

  private static func loss(_ system: FileSystem) -> Finding? {
    switch system.type {
    case "tmpfs", "ramfs":
      Finding(
        .risk,
        problem:
          "\(system.folder) is in memory (\(system.type ?? "")): a reboot, and often the end of the job, "
          + "takes the checkpoints with it",
        advice: "choose a folder on a disk with --run")
    case "overlay":
      Finding(
        .risk, problem: "\(system.folder) is in a container's own layer and is removed with the container",
        advice: "choose a folder that the host shares with the container (docker run --volume)")
    default: nil
    }
  }

  /// The last checkpoints of a ResNet-18 with its heads take up to 1 GB together.
  private static func space(_ system: FileSystem) -> Finding? {
    guard let free = system.free, free < 2 << 30 else { return nil }
    return Finding(
      .risk, problem: "\(system.folder) has \(Fact.bytes(free)) left; checkpoints may not fit",
      advice: "remove what is not needed, or choose another folder with --run")
  }

  private static func files(_ system: FileSystem) -> Finding? {
    guard let count = system.freeFiles, count < 1000 else { return nil }
    return Finding(
      .risk, problem: "\(system.folder) has room for \(count) more files",
      advice: "remove files, or choose another folder with --run")
  }

  private static func softMount(_ system: FileSystem) -> Finding? {
    guard system.type?.hasPrefix("nfs") == true, system.options.contains("soft") else { return nil }
    return Finding(
      .risk,
      problem:
        "\(system.folder) is on an NFS mount with the option 'soft': a slow server loses what is written",
      advice: "choose a folder on another file system with --run, or ask the administrators for a hard mount")
  }

  private static func links(_ system: FileSystem) -> Finding? {
    system.linkProblem.map {
      Finding(
        .risk, problem: "in \(system.folder) \($0)",
        advice:
          "runs work all the same, but checkpoints/latest is then a file that holds a name: Sluice reads it, other "
          + "programs do not; choose another folder with --run if they have to")
    }
  }

  private static func folderSync(_ system: FileSystem) -> Finding? {
    system.folderSyncProblem.map {
      Finding(
        .risk, problem: "in \(system.folder) \($0)",
        advice:
          "runs work all the same, but a crash of the machine can take the newest checkpoint with it; choose "
          + "another folder with --run to be safe from that")
    }
  }

  private static func speed(_ system: FileSystem) -> Finding? {
    guard let seconds = system.writeSeconds, seconds > 2 else { return nil }
    return Finding(
      .slow,
      problem: "it took \(Fact.decimal(seconds)) s to bring 1 MiB to the disk of \(system.folder)"
        + (system.type.map { " (\($0))" } ?? ""),
      advice: "choose a faster file system with --run, or fewer checkpoints with --set checkpoint.every")
  }
}
