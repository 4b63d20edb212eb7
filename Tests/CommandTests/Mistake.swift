/// Words of a command line, and the sentence that answers them.
///
/// FILES stands for the folder of `BadInputFiles`, RANKS for their number, and EITHER(a)(b) for a on one rank
/// and b on two.
struct Mistake: Sendable, CustomStringConvertible {
  let words: String
  let sentence: String
  /// Whether rank 0 alone can know of it, and says where it runs if there are others.
  var isRootOnly = false

  var description: String { words }

  init(_ words: String, _ sentence: String, isRootOnly: Bool = false) {
    self.words = words
    self.sentence = sentence
    self.isRootOnly = isRootOnly
  }

  /// `pretrain` with a good configuration and these settings, in a new folder.
  static func set(_ settings: String, _ sentence: String, isRootOnly: Bool = false) -> Mistake {
    let options = settings.split(separator: " ").map { " --set \($0)" }.joined()
    return Mistake(
      "pretrain FILES/simclr.yaml --run FILES/new\(options)", sentence, isRootOnly: isRootOnly)
  }
}

extension Mistake {
  private static let billion = 1_000_000_000

  static let configuration: [Mistake] = [
    .init(
      "pretrain FILES/none.yaml", "FILES/none.yaml: cannot be read: No such file or directory",
      isRootOnly: true),
    .init("pretrain FILES", "FILES: cannot be read: Is a directory", isRootOnly: true),
    .init(
      "pretrain FILES/epochz.yaml",
      "FILES/epochz.yaml:2: there is no key 'epochz'; did you mean 'epochs'?"),
    .init(
      "pretrain FILES/colon.yaml",
      "FILES/colon.yaml:2: not valid YAML: did not find expected ',' or ']'"),
    .init(
      "pretrain FILES/sourceless.yaml",
      "FILES/sourceless.yaml: 'data.source' is missing; "
        + "it must be a data set, for example cifar10:DIR or shapes"),
    .init(
      "bench train FILES/none.yaml", "FILES/none.yaml: cannot be read: No such file or directory",
      isRootOnly: true),
    .init(
      "bench train --set network.depth=51",
      "--set network.depth=51: 'network.depth' must be one of 11, 13, 16, 18, 19, 34, 50, found '51'"),
    .init(
      "macs FILES/simclr.yaml --set network.family=vgg",
      "there is no VGG-18: with network.family vgg, network.depth must be 11, 13, 16 or 19"),
    .set(
      "network.depth=16",
      "there is no ResNet-16: with network.family resnet, network.depth must be 18, 34 or 50"),
    .set(
      "network.family=vgg network.depth=11 network.input_size=31",
      "a VGG takes images of 32×32 pixels or more, and the network's input is 31×31: use network.input_size 32, "
        + "or another network.family"),
    .init(
      "bench train --set gates.targets=0.5",
      "--set gates.targets=0.5: there is no key 'gates.targets'; did you mean 'gates.target'?"),
    .init(
      "bench loader shapes:8x8 --batch 16",
      "--batch must be from 2 to 8 images, which there are, and a multiple of the ranks; it is 16"),
    .init(
      "bench loader shapes --set augmentation.hue=2",
      "--set augmentation.hue=2: 'augmentation.hue' must be a number from 0 to 0.5, found '2'"),
    .init(
      "macs FILES/none.yaml", "FILES/none.yaml: cannot be read: No such file or directory",
      isRootOnly: true),
    .set(
      "gates.targets=0.5",
      "--set gates.targets=0.5: there is no key 'gates.targets'; did you mean 'gates.target'?"),
    .set("epochs", "--set epochs: expected KEY=VALUE, for example epochs=20"),
    .set(
      "epochs=many",
      "--set epochs=many: 'epochs' must be a whole number from 1 to \(billion), found 'many'"),
    .set(
      "gates.target=0",
      "--set gates.target=0: 'gates.target' must be a number above 0 and at most 1, or the time of an image, for example 12ms or 800us, found '0'"
    ),
    .set(
      "gates.target=1.5",
      "--set gates.target=1.5: 'gates.target' must be a number above 0 and at most 1, or the time of an image, for example 12ms or 800us, found '1.5'"
    ),
    .set(
      "objective.temperature=0",
      "--set objective.temperature=0: 'objective.temperature' must be a number of at least 0.0001, found '0'"),
    .set(
      "batch.global=1",
      "--set batch.global=1: 'batch.global' must be a whole number from 2 to \(billion), found '1'"),
    .set(
      "objective.name=simsam",
      "--set objective.name=simsam: 'objective.name' must be simsiam, simclr, supervised, rotnet or npid, found 'simsam'"
    ),
  ]

  static let data: [Mistake] = [
    .set(
      "data.source=shape",
      "data source 'shape' is unknown, there are cifar10:DIR, cifar100:DIR, stl10:DIR, imagenet100:DIR, folder:DIR, list:FILE, packed:DIR, "
        + "shapes, shapes:TRAINxTEST; did you mean shapes?"),
    .set(
      "data.source=folder:FILES/none",
      "FILES/none cannot be read: No such file or directory", isRootOnly: true),
    .set(
      "data.source=folder:FILES/few",
      "FILES/few has no folder train: folder:DIR expects DIR/train/CLASS/… and, to test on, DIR/val/CLASS/…",
      isRootOnly: true),
    .set(
      "data.source=imagenet100:FILES/tree",
      "FILES/tree/train lacks 100 of the 100 classes of the list (n01558993, n01692333, n01729322, n01735189, "
        + "n01749939, n01773797, n01820546, n01855672, n01978455, n01980166, …): name a tree that has them, "
        + "another list with --classes FILE (data.classes in a configuration), or folder:DIR for all class folders",
      isRootOnly: true),
    .set(
      "data.source=folder:FILES/tree data.classes=FILES/twice.txt",
      "FILES/twice.txt:4: 'cat' is listed before, in line 2", isRootOnly: true),
    .set(
      "data.classes=FILES/cat.txt",
      "data source 'shapes:96x32' has classes of its own: a list of classes is for imagenet100:DIR and folder:DIR"
    ),
    .init(
      "evaluate knn --checkpoint FILES/run/checkpoints/latest --data folder:FILES/tree --classes FILES/none.txt",
      "FILES/none.txt cannot be read: No such file or directory", isRootOnly: true),
    .set(
      "data.source=cifar10:FILES/none",
      "cifar10 train: FILES/none holds none of data_batch_1.bin, data_batch_2.bin, data_batch_3.bin, "
        + "data_batch_4.bin, data_batch_5.bin; name the folder of the original binary files"),
    .set(
      "data.source=cifar100:FILES/few",
      "cifar100 train: FILES/few holds none of train.bin; name the folder of the original binary files"),
    .set(
      "data.source=cifar10:FILES/folders",
      "FILES/folders/data_batch_1.bin cannot be read: Is a directory"),
    .set(
      "data.source=cifar10:FILES/cut",
      "FILES/cut/data_batch_1.bin has 5146 bytes, which is not a whole number of records of 3073 bytes: "
        + "the nearest is 2 records, 6146 bytes; download the file again"),
    .set(
      "data.source=cifar10:FILES/label",
      "FILES/label/data_batch_1.bin: record 2 (counting from 0) has label 10, labels go from 0 to 9; "
        + "download the file again"),
    .init(
      "bench train --batch 10 --threads 1 --set batch.shard=4",
      "batch.global 10 is not a whole number of shards of batch.shard 4 for each of RANKS: "
        + "use batch.global 8 or batch.global EITHER(12)(16) or batch.shard EITHER(2)(1)"),
    .init(
      "bench train FILES/simclr.yaml --loader --batch 128 --threads 1",
      "batch.global is 128, the data set has 96 images: "
        + "the largest allowed with batch.shard 4 on RANKS is 96"),
    .set(
      "objective.name=npid objective.npid.noise=97",
      "objective.npid.noise is 97, the data set has 96 images: use 96 at most"),
    .set(
      "objective.name=supervised objective.supervised.classes=9",
      "objective.supervised.classes is 9, the data has 10 classes: use objective.supervised.classes 10 or auto"
    ),
    .set("data.source=shapes:1x8", "the data set has 1 image, training needs at least 2"),
    .set(
      "batch.global=98 batch.shard=1",
      "batch.global is 98, the data set has 96 images: "
        + "the largest allowed with batch.shard 1 on RANKS is 96"),
    .set(
      "batch.global=36 batch.shard=8",
      "batch.global 36 is not a whole number of shards of batch.shard 8 for each of RANKS: "
        + "use batch.global 32 or batch.global EITHER(40)(48) or batch.shard EITHER(6)(6)"),
    .set(
      "data.source=shapes:31x8",
      "batch.global is 32, the data set has 31 images: "
        + "the largest allowed with batch.shard 4 on RANKS is EITHER(28)(24)"),
  ]

  static let folders: [Mistake] = [
    .init(
      "pretrain FILES/simclr.yaml --run FILES/simclr.yaml/run",
      "FILES/simclr.yaml/run: cannot be written: Not a directory", isRootOnly: true),
    .init(
      "pretrain FILES/simclr.yaml --run FILES/run --set network.width=4 --set seed=1",
      "FILES/run holds a run with a different configuration (seed: 0 → 1; network.width: 8 → 4): "
        + "choose another folder with --run, or restore the old values", isRootOnly: true),
    .init(
      "pretrain FILES/simclr.yaml --run FILES/run --resume never",
      "FILES/run holds checkpoints of an earlier run: resume from them with --resume auto, "
        + "or choose another folder with --run", isRootOnly: true),
    .init(
      "pretrain FILES/simclr.yaml --run FILES/damaged",
      "FILES/damaged holds no intact checkpoint ("
        + "FILES/damaged/checkpoints/step-00000002/model.safetensors: damaged: "
        + "it cannot be read: No such file or directory; "
        + "FILES/damaged/checkpoints/step-00000001/model.safetensors: damaged: "
        + "it cannot be read: No such file or directory): choose another folder with --run",
      isRootOnly: true),
    .init(
      "pretrain FILES/simclr.yaml --run FILES/new --resume FILES/none",
      "FILES/none: not a checkpoint: there is no such folder", isRootOnly: true),
    .init(
      "pretrain FILES/simclr.yaml --run FILES/new --set network.width=4 "
        + "--resume FILES/run/checkpoints/latest",
      "FILES/run/checkpoints/step-00000002 holds a run with a different configuration (network.width: 8 → 4): "
        + "choose another folder with --run, or restore the old values"),
    .init(
      "pretrain FILES/simclr.yaml --run FILES/new --set seed=1 "
        + "--resume FILES/run/checkpoints/step-00000001",
      "FILES/run/checkpoints/step-00000001 holds a run with a different configuration (seed: 0 → 1): "
        + "choose another folder with --run, or restore the old values"),
    .init(
      "checkpoint list FILES/none",
      "FILES/none holds no checkpoints/step-…: name the folder of a run that has saved one", isRootOnly: true),
    .init(
      "checkpoint prune FILES/none --keep 1",
      "FILES/none holds no checkpoints/step-…: name the folder of a run that has saved one", isRootOnly: true),
    .init(
      "macs --checkpoint FILES/none", "FILES/none: not a checkpoint: there is no such folder",
      isRootOnly: true),
    .init(
      "evaluate knn --checkpoint FILES/none --data shapes",
      "FILES/none: not a checkpoint: there is no such folder", isRootOnly: true),
    .init(
      "embed --checkpoint FILES/none --data shapes --output FILES/x.safetensors",
      "FILES/none: not a checkpoint: there is no such folder", isRootOnly: true),
    .init(
      "embed --checkpoint FILES/none --data shapes --output FILES/none/x.safetensors",
      "FILES/none/x.safetensors: cannot be written: No such file or directory", isRootOnly: true),
    .init(
      "embed --checkpoint FILES/none --data shapes --output FILES/x.safetensors --csv FILES/few",
      "FILES/few: cannot be written: Is a directory", isRootOnly: true),
    .init(
      "embed --checkpoint FILES/run/checkpoints/latest --data shapes:9x3 --output FILES/x.safetensors --part reference",
      "data source 'shapes:9x3' has no reference images: it has training images (train), test images (test)"),
    .init(
      "embed --checkpoint FILES/run/checkpoints/latest --data list:FILES/none.txt --output FILES/x.safetensors",
      "FILES/none.txt cannot be read: No such file or directory", isRootOnly: true),
    .init(
      "evaluate knn --checkpoint FILES/damaged/checkpoints/latest --data shapes",
      "FILES/damaged/checkpoints/latest/model.safetensors: damaged: "
        + "it cannot be read: No such file or directory", isRootOnly: true),
    .init(
      "evaluate knn --checkpoint FILES/run/checkpoints/latest --data cifar10:",
      "data source 'cifar10:': a folder must follow the colon, for example cifar10:DIR"),
  ]
}
