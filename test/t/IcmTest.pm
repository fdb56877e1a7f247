# What several of icm's TAP tests need.
package IcmTest;

use strict;
use warnings;

use Exporter 'import';
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(start_node error_of load_gz);

# start_node(NAME, SETTING...): a new running server, icm in its database postgres
sub start_node
{
	my ($name, @settings) = @_;
	my $node = PostgreSQL::Test::Cluster->new($name);

	$node->init(allows_streaming => 1);
	$node->append_conf('postgresql.conf', join("\n", @settings, ''));
	$node->start;
	$node->safe_psql('postgres', 'CREATE EXTENSION icm');
	return $node;
}

# error_of(SESSION, QUERY): what a background session says to a query that fails. The
# session must have been started with on_error_stop => 0. Its error is taken away, as
# query_safe() would take it for its own.
sub error_of
{
	my ($session, $query) = @_;

	$session->query($query);
	my $error = $session->{stderr};
	$session->{stderr} = '';
	return $error;
}

# load_gz(NODE, TABLE, COPY-OPTIONS, FILE, FILTER): COPY a public data set into a table,
# through a shell filter if one is given
sub load_gz
{
	my ($node, $table, $options, $file, $filter) = @_;
	my $path = "$ENV{ICM_SHARED}/data/$file";

	$node->safe_psql('postgres',
		sprintf(q{COPY %s FROM PROGRAM $$gzip -dc '%s'%s$$ WITH (%s)},
			$table, $path, $filter ? " | $filter" : '', $options));
	return;
}

1;
