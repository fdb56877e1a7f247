# Everything that README.md shows works: its sql blocks are run in their order, in one
# session in a fresh database. A text block (or one without a language) that directly
# follows is what psql prints, command tags left out. A block below the comment
# <!-- error --> must fail; its text block is the message. A block below the comment
# <!-- data: NAME --> needs a public data set: its tables are filled before the first such
# block, and where it is not here, the block is skipped.
use strict;
use warnings;

use FindBin;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

# public data sets: the tables that README.md creates for them, and their files
my %data = (
	completejourney => {
		transactions => 'cj_transactions_sample.csv.gz',
		products => 'cj_products.csv.gz',
		demographics => 'cj_demographics.csv.gz' });

# blocks(MARKDOWN): a list of { sql, line, fails, data (that it needs, or undef), shown (undef if nothing is) }
sub blocks
{
	my ($markdown) = @_;
	my (@blocks, $fence, $language, $start, $text, $may_show);
	my ($number, $comment) = (0, '');

	foreach my $line (split /\n/, $markdown)
	{
		$number++;
		if (defined $fence)
		{
			if ($line !~ /^\s*$fence\s*$/)
			{
				$text .= "$line\n";
				next;
			}
			if ($language eq 'sql')
			{
				my $data = $comment =~ /^data: (\w+)$/ ? $1 : undef;
				push @blocks, { sql => $text, line => $start, fails => $comment eq 'error', data => $data, shown => undef };
				$may_show = $blocks[-1];
			}
			elsif (defined $may_show && $language =~ /^(text)?$/)
			{
				$may_show->{shown} = $text;
				$may_show = undef;
			}
			($fence, $comment) = (undef, '');
		}
		elsif ($line =~ /^\s*(```+|~~~+)\s*(\w*)/)
		{
			($fence, $language, $start, $text) = ($1, lc $2, $number, '');
			$may_show = undef if $language !~ /^(text)?$/;
		}
		elsif ($line =~ /\S/)
		{
			# other text stands between a block and what it shows
			($comment, $may_show) = ($line =~ /^\s*<!--\s*(error|data: \w+)\s*-->\s*$/ ? $1 : '', undef);
		}
	}
	return @blocks;
}

# Blanks at the end of lines are psql's padding; empty lines around are no matter, and in
# which function an error was raised differs between server versions.
sub trim
{
	my ($text) = @_;

	$text =~ s/^CONTEXT:.*\n//mg;
	$text =~ s/[ \t]+$//mg;
	$text =~ s/\A\n+//;
	$text =~ s/\n*\z/\n/;
	return $text;
}

# The runner itself first: it must find all blocks, or nothing is tested.
is_deeply(
	[ map { [ $_->{sql}, $_->{fails} ? 1 : 0, $_->{data}, $_->{shown} ] } blocks(<<'END') ],
# Title
```sh
make install
```
```sql
SELECT 1;
```

```text
 shown
```
~~~SQL
SELECT 2;
~~~
other text
```
not shown by it
```
<!-- error -->
```sql
SELECT 1 / 0;
```
```
ERROR
```
```sql
SELECT 3;
```
<!-- data: some -->
```sql
SELECT 4;
```
```text
 four
```
```sql
SELECT 5;
```
END
	[
		[ "SELECT 1;\n", 0, undef, " shown\n" ], [ "SELECT 2;\n", 0, undef, undef ],
		[ "SELECT 1 / 0;\n", 1, undef, "ERROR\n" ], [ "SELECT 3;\n", 0, undef, undef ],
		[ "SELECT 4;\n", 0, 'some', " four\n" ], [ "SELECT 5;\n", 0, undef, undef ]
	],
	'blocks are found');

my $readme = "$FindBin::RealBin/../../README.md";
my @blocks = -e $readme ? blocks(slurp_file($readme)) : ();
ok(@blocks > 0, 'README.md has sql blocks');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

# load(NAME): psql commands that fill the tables of a public data set; empty where it is not here
sub load
{
	my ($name) = @_;
	my $files = $data{$name} or die "README.md: there is no data set $name";
	my $script = "\\set ON_ERROR_STOP on\n";

	return '' unless defined $ENV{ICM_SHARED};
	foreach my $table (sort keys %$files)
	{
		my $path = "$ENV{ICM_SHARED}/data/$files->{$table}";

		return '' unless -e $path;
		$script .= "\\copy $table FROM PROGRAM 'gzip -dc \"$path\"' WITH (FORMAT csv, HEADER, NULL 'NA')\n";
	}
	return $script;
}

# One session reads all from its standard input, as if typed. Where it stops at an error
# the banners of the later blocks are missing.
my $script = '';
my %load;
foreach my $i (0 .. $#blocks)
{
	my $data = $blocks[$i]->{data};

	if (defined $data)
	{
		$script .= $load{$data} = load($data) unless defined $load{$data};
		next if $load{$data} eq '';
	}
	$script .= "\\echo =block $i=\n\\warn =block $i=\n";
	$script .= '\set ON_ERROR_STOP ' . ($blocks[$i]->{fails} ? 'off' : 'on') . "\n$blocks[$i]->{sql}\n";
}
local $ENV{PGOPTIONS} = '-c client_min_messages=warning';
my ($out, $err);
IPC::Run::run([ 'psql', '-X', '-q', '-d', $node->connstr('postgres') ], '<', \$script, '>', \$out, '2>', \$err);

# What was printed by each block, by its number.
sub by_block
{
	my ($printed) = @_;
	my (%by_block, $block);

	foreach my $line (split /^/, $printed)
	{
		if ($line =~ /^=block (\d+)=$/) { $by_block{ $block = $1 } = ''; }
		elsif (defined $block) { $by_block{$block} .= $line; }
	}
	return \%by_block;
}

my ($printed, $errors) = (by_block($out), by_block($err));
foreach my $i (0 .. $#blocks)
{
	my ($block, $name) = ($blocks[$i], "line $blocks[$i]->{line}");

	if (defined $block->{data} && $load{ $block->{data} } eq '')
	{
	  SKIP: { skip "$name: the public data set $block->{data} is not here", defined $block->{shown} ? 2 : 1; }
		next;
	}
	if (!defined $printed->{$i})
	{
		fail("$name is not reached");
		last;
	}
	if ($block->{fails})
	{
		like($errors->{$i}, qr/^ERROR:/m, "$name fails");
	}
	else
	{
		is($errors->{$i}, '', "$name runs");
	}
	is(trim($printed->{$i} . $errors->{$i}), trim($block->{shown}), "$name prints what is shown")
	  if defined $block->{shown};
}

$node->stop;
done_testing();
